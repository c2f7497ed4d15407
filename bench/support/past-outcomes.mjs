import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const FIRST_MS = Date.parse('2026-01-01T00:00:00Z');
const OWNER = { boot_id: '00000000-0000-4000-8000-000000000000', pid: 1, start_time: 1 };
const AT_ONCE = 2000;
const ORDER = ['reload', 'restart'];

/** What the engine writes of an incident healed by the second remedy of its check, and the learner afterwards. */
export function episodeOf(n, check) {
  const id = `inc_${check}_${n}`;
  const at = new Date(FIRST_MS + n * 20_000).toISOString();
  const clock = { boot_id: OWNER.boot_id, elapsed_s: n * 20 };
  const onset = { ...clock, at };
  const target = `http://127.0.0.1/${check}`;
  const drawn = {
    arm: 'author',
    propensity: 1,
    order: ORDER,
    holdout_share: 1,
    frozen: true,
    predicted: null,
    version: null,
  };
  const opened = {
    ...{ actor: 'healer', action: 'incident_opened', resource: id },
    decision: { reason: 'refused', confirmed: '1 of 1', relapse: 0, ...drawn },
    metadata: {
      ...{ incident_id: id, check, target, failure_mode: 'api_timeout', origin: 'real', config_version: 'c' },
      ...{ relapse_s: 0, onset, clock },
    },
  };
  const claimed = (playbook_id) => ({
    ...{ actor: 'healer', action: 'remedy_claimed', resource: id, decision: { granted: true, playbook_id } },
    metadata: { incident_id: id, target, playbook_id, check, config_version: 'c', owner: OWNER, clock },
  });
  const ended = (claim, outcome) => ({
    ...{ actor: 'healer', action: 'remedy_ended', resource: id, decision: { outcome, verified: outcome === 'worked' } },
    metadata: { claim, incident_id: id, act_s: 0.1, verify_s: 0.9, within_s: 1, relapse_s: 0, clock },
  });
  const learned = (opening) => ({
    ...{ actor: 'learner', action: 'outcome_learned', resource: id },
    decision: { counts: { order: true, waits: true, effect: true }, left_out: [] },
    metadata: {
      ...{ opening, check, target, mode: 'api_timeout', arm: 'author', order: ORDER, holdout: true, holdout_share: 1 },
      ...{ differs: false, predicted: null, recovered_s: 2, relapsed: false, escalated: false, unknown: 0, clock },
      tried: ORDER.map((playbook, place) => ({ playbook, worked: place === 1, seconds: 1 })),
      waits: ORDER.map((playbook, place) => ({ playbook, seconds: 0.9, healthy: place === 1 })),
    },
  });
  return { at, opened, claimed, ended, learned };
}

/** An audit log with so many incidents of some checks, from all of which has been learned. */
export function logsOfOutcomes(dir, incidents, checks) {
  mkdirSync(dir, { recursive: true, mode: 0o750 });
  const audit = openSync(join(dir, 'immutable_audit.jsonl'), 'wx', 0o640);
  let lines = 0;
  for (let n = 0; n < incidents; ) {
    const end = Math.min(incidents, n + AT_ONCE);
    let text = '';
    const say = (at, draft) => {
      const entry_id = `log_${++lines}_${at.replace(/[-:TZ.]/g, '').padEnd(20, '0')}`;
      text += `${JSON.stringify({ entry_id, timestamp: at, ...draft })}\n`;
      return entry_id;
    };
    for (; n < end; n++) {
      const { at, opened, claimed, ended, learned } = episodeOf(n, checks[n % checks.length]);
      const opening = say(at, opened);
      say(at, ended(say(at, claimed(ORDER[0])), 'failed'));
      say(at, ended(say(at, claimed(ORDER[1])), 'worked'));
      say(at, learned(opening));
    }
    writeSync(audit, text);
  }
  closeSync(audit);
}
