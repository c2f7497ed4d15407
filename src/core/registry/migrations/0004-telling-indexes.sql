-- What a channel was told, and how that went: as `heal watch` asks every few seconds.
CREATE INDEX controls_told_by ON controls (json_extract(decision, '$.by'), line)
  WHERE action IN ('notification_begun', 'incident_notified', 'notification_failed');
-- The few escalations that outlast the recovery of their incident.
CREATE INDEX controls_bearable ON controls (subject, line)
  WHERE action = 'incident_escalated' AND json_extract(decision, '$.bearable') = 1;
