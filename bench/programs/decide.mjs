// decide DIR TIMES: decides so often about a failure of a target that has a past in these logs, as `heal watch` does under
// the lock. Prints the seconds of each decision.
import { systemClock } from '../../src/core/host/clock.ts';
import { bootId } from '../../src/core/host/process-identity.ts';
import { Registry } from '../../src/core/registry/registry.ts';
import { decide } from '../../src/healing/engine/decide.ts';
import { authorsOrder, situationOf } from '../../src/healing/engine/situation.ts';

const [dir = '', times = '100'] = process.argv.slice(2);
const registry = new Registry(dir, { clock: systemClock, jitter: Math.random, unique: `${process.pid}` });
registry.sync();
const playbook = {
  ...{ id: 'p', name: 'p', risk: 'low', steps: [], rollback: [], relapse_s: 600, escalate: false },
  verify: { passes: 1, within_s: 1, every_s: 1 },
};
const now = { boot_id: bootId(), elapsed_s: systemClock.elapsed(), ms: systemClock.now() };
const moment = { boot_id: now.boot_id, elapsed_s: now.elapsed_s, at: new Date(now.ms).toISOString() };
const failure = { onset: moment, newest: moment, bad: 1, of: 1, summary: '', confirm_s: 0, confirmed_s: now.elapsed_s };
const around = {
  ...{ now, origin: 'real', config_version: null, dependencies: [], flapping: false, maintenance: undefined },
  account: { name: 'healer', allowed: true, rule: '' },
  policy: {
    autonomy: { low: 'auto', medium: 'approve', high: 'approve' },
    ...{ brake: { incidents: 20, within_s: 300 }, approval_expires_s: 1800, rearm: { first_s: 900, most_s: 21_600 } },
  },
  ...{ passOver: [], isAlive: () => false, order: ({ playbooks }) => authorsOrder(playbooks) },
};
const samples = [];
for (let n = -200; n < Number(times); n++) {
  const target = `http://127.0.0.1:${8000 + (Math.abs(n) % 10)}/`;
  const watched = {
    check: { name: 'web', target, failure_mode: 'api_timeout', severity: 'high', probe: async () => ({}) },
    ...{ every_s: 5, confirm: { need: 1, of: 1 }, recover: 2, start_period_s: 0, flapping: { low: 0.25, high: 0.5 } },
    ...{ act: true, depends_on: [], playbooks: [playbook] },
    limits: {
      cooldown_s: 300,
      caps: [
        { most: 3, within_s: 3600 },
        { most: 7, within_s: 86_400 },
      ],
    },
  };
  const begun = process.hrtime.bigint();
  registry.control((view) => decide(situationOf(view, watched, failure, around)));
  if (n >= 0) samples.push(Number(process.hrtime.bigint() - begun) / 1e9);
}
registry.close();
console.log(JSON.stringify(samples));
