import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HealHost, until, WIDE, WIDE_POLICY } from './heal-host.js';

/** What can be wrong with the service, and the one remedy besides a restart that mends it. */
export type Cause = 'worker' | 'lock' | 'spool';

/** The author's order: what helps most stands last. */
export const AUTHORS_ORDER = ['clear-spool', 'remove-lock', 'restart-worker'];

const RELAPSE_MS = 300;

export interface LearningHost {
  readonly host: HealHost;
  /** Breaks the service from outside, as a crash would; answers when it has been healed, and its relapse window is over. */
  failsOf(cause: Cause): Promise<void>;
  /** Which remedies were tried, episode after episode. */
  tried(): string[][];
}

/**
 * A service of three parts, each of which can fail: a worker that dies, a lock that is left behind, a spool that is full. A
 * script looks, others mend; grace knows nothing of what is behind a failure. `mode`: of learning.
 */
export function learningHost(host: HealHost, mode: 'off' | 'propose' | 'apply'): LearningHost {
  const [lock, spool, pid] = ['app.lock', 'spool', 'worker.pid'].map((name) => host.path(name));
  // One that nobody has waited for yet answers signals, and does nothing any more.
  const alive = `[ -s ${pid} ] && grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$(cat ${pid})/status"`;
  const start = `setsid sh -c 'exec sleep 3600' </dev/null >/dev/null 2>&1 & echo $! > ${pid}.new && mv ${pid}.new ${pid}`;
  const look = host.script(
    'look.sh',
    `[ -e ${lock} ] && { echo "locked by a process that is gone"; exit 2; }
[ "$(ls ${spool} 2>/dev/null | wc -l)" -gt 5 ] && { echo "the spool is full"; exit 2; }
${alive} || { echo "no worker"; exit 2; }
echo "it works"`,
  );
  const remedies = {
    'clear-spool': host.script('clear-spool.sh', `rm -f ${spool}/*`),
    'remove-lock': host.script('remove-lock.sh', `rm -f ${lock}`),
    'restart-worker': host.script(
      'restart-worker.sh',
      `${alive} && kill "$(cat ${pid})"; rm -f ${lock} ${spool}/*; ${start}`,
    ),
  };
  const breaks: Record<Cause, string> = {
    worker: host.script('break-worker.sh', `kill -9 "$(cat ${pid})"`),
    lock: host.script('break-lock.sh', `echo 1 > ${lock}`),
    spool: host.script(
      'break-spool.sh',
      `mkdir -p ${spool}; for n in 1 2 3 4 5 6 7 8; do echo job > ${spool}/$n; done`,
    ),
  };
  const begin = host.script('begin.sh', `mkdir -p ${spool}; ${start}`);
  host.configure({
    ...{ version: 1, mode: 'act', logs: 'logs', policy: WIDE_POLICY, learning: { mode } },
    checks: {
      service: {
        ...{ command: { run: [look] }, every: '100ms', confirm: '1 of 1', failure_mode: 'service_down' },
        ...{ heal: AUTHORS_ORDER, limits: WIDE, flapping: { low: '98%', high: '100%' } },
      },
    },
    playbooks: Object.fromEntries(
      Object.entries(remedies).map(([id, script]) => [
        id,
        {
          ...{ risk: 'low', steps: [{ run: [script] }], relapse: `${RELAPSE_MS}ms`, takes: '1s' },
          verify: { passes: 1, every: '20ms', within: '400ms' },
        },
      ]),
    ),
  });
  spawnSync(begin);
  const healed = () => host.audit('remedy_ended').filter(({ decision }) => decision.verified === true).length;
  return {
    host,
    failsOf: async (cause) => {
      const before = healed();
      spawnSync(breaks[cause]);
      await until(`it is healed of ${cause}`, () => healed() > before);
      await sleep(RELAPSE_MS + 100);
    },
    tried: () => {
      const episodes: string[][] = [];
      for (const { action, decision } of host.audit('incident_opened', 'remedy_claimed')) {
        if (action === 'incident_opened') episodes.push([]);
        else episodes.at(-1)?.push(String(decision.playbook_id));
      }
      return episodes;
    },
  };
}
