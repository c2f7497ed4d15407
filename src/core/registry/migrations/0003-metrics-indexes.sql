-- What is counted again and again, as `heal watch --metrics` does every 15 s: from these alone, without the rows. Each begins
-- with a column that no other query asks for, so that none of them is taken where another index is the better one.
CREATE INDEX incidents_of_kind ON incidents (severity, failure_mode, origin);
CREATE INDEX recoveries_of_mode ON recoveries (failure_mode, mttr_seconds, origin, verified);
CREATE INDEX claims_of_outcome ON claims (playbook_id, outcome);
CREATE INDEX controls_withheld ON controls (action, decision) WHERE action = 'remedy_withheld';
