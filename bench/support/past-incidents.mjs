import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const TARGETS = 50;
const FIRST_MS = Date.parse('2026-01-01T00:00:00Z');
const OWNER = { boot_id: '00000000-0000-4000-8000-000000000000', pid: 1, start_time: 1 };

/** Logs with so many incidents, each opened, claimed, remedied and bound, as grace writes them before a seal. */
export function logsOfPast(dir, incidents) {
  mkdirSync(dir, { recursive: true, mode: 0o750 });
  const lines = openSync(join(dir, 'incidents.jsonl'), 'wx', 0o640);
  const audit = openSync(join(dir, 'immutable_audit.jsonl'), 'wx', 0o640);
  let [offset, entry] = [0, 0];
  const entryOf = (at, action, resource, decision, metadata) => {
    const stamp = at.replace(/[-:TZ.]/g, '').padEnd(20, '0');
    const entry_id = `log_${++entry}_${stamp}`;
    return [
      entry_id,
      `${JSON.stringify({ entry_id, timestamp: at, actor: 'healer', action, resource, decision, metadata })}\n`,
    ];
  };
  for (let n = 0; n < incidents; ) {
    const end = Math.min(incidents, n + 2000);
    let [text, said] = ['', ''];
    for (; n < end; n++) {
      const at = new Date(FIRST_MS + n * 20_000).toISOString();
      const id = `inc_${n}`;
      const target = `http://127.0.0.1:${8000 + (n % TARGETS)}/`;
      const clock = { boot_id: OWNER.boot_id, elapsed_s: n * 20 };
      const [, opened] = entryOf(
        at,
        'incident_opened',
        id,
        { reason: 'refused' },
        { incident_id: id, origin: 'real', clock },
      );
      const [claim, claimed] = entryOf(
        at,
        'remedy_claimed',
        id,
        { granted: true },
        { incident_id: id, target, playbook_id: 'p', owner: OWNER, clock },
      );
      const line = JSON.stringify(incident(id, at, target, claim));
      const sha256 = createHash('sha256').update(line).digest('hex');
      const [, bound] = entryOf(
        at,
        'incident_snapshot',
        id,
        { status: 'resolved' },
        { offset, length: line.length, sha256 },
      );
      const [, ended] = entryOf(
        at,
        'remedy_ended',
        id,
        { outcome: 'worked', verified: true },
        { claim, incident_id: id, clock },
      );
      text += `${line}\n`;
      offset += line.length + 1;
      said += opened + claimed + bound + ended;
    }
    writeSync(lines, text);
    writeSync(audit, said);
  }
  closeSync(lines);
  closeSync(audit);
}

function incident(incident_id, at, target, claim) {
  return {
    ...{ incident_id, detected_at: at, resolved_at: at, status: 'resolved', playbook_id: 'p', playbook_name: 'p' },
    ...{
      failure_mode: 'api_timeout',
      severity: 'high',
      mttr_seconds: 1,
      actions_taken: ['run'],
      success: true,
      error: null,
    },
    ...{
      metadata: {},
      schema: 'grace.incident/1',
      host: 'h',
      boot_id: OWNER.boot_id,
      check: 'web',
      target,
      origin: 'real',
    },
    ...{ onset_at: at, timings: { confirm_s: 0, decide_s: 0, act_s: 0, verify_s: 0 } },
    attempts: [
      { playbook_id: 'p', claim, steps: [], started_at: at, duration_s: 0, outcome: 'worked', verified: true },
    ],
    ...{
      attempts_dropped: 0,
      verification: { status: 'verified', by: 'web', passes: 2, at },
      resolution: 'remediated',
    },
    ...{ relapses: 0, config_version: null, arm: null, propensity: null, trigger: { source: 'check', ref: null } },
  };
}
