import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { timed } from './support/command.mjs';
import { logsOfOutcomes } from './support/past-outcomes.mjs';
import { interleaved, median } from './support/stats.mjs';
import { ms, result } from './support/table.mjs';
import { GRACE } from './support/workspace.mjs';

const TRUSTED = process.getuid() === 0 ? '/var/lib' : process.env.HOME;
const FEW = 1000;
const MANY = Number(process.env.GRACE_BENCH_OUTCOMES ?? 1_000_000);
const NEW = 100;
const CHECKS = Array.from({ length: 10 }, (_, i) => `web${i}`);
const ROUNDS = 7;
const SILENT_ROUNDS = 21;

/** What a tick costs, with a short past and with a long one, and where there is nothing to do. */
export async function bench({ programs }) {
  const root = mkdtempSync(join(TRUSTED, 'grace-bench-'));
  chmodSync(root, 0o700);
  try {
    const [few, many] = [host(root, programs, 'few', FEW), host(root, programs, 'many', MANY)];
    const samples = await interleaved(ROUNDS, { few: few.learns, many: many.learns });
    const [little, much] = [median(samples.few), median(samples.many)];
    // The first after one that wrote looks at everything once more.
    for (const one of [few, many]) one.tick();
    const silent = await interleaved(SILENT_ROUNDS, {
      version: () => timed(process.execPath, [GRACE, '--version'], { stdout: 'ignore' }).seconds,
      few: few.tick,
      many: many.tick,
    });
    const version = median(silent.version);
    return [
      result(`a tick with ${MANY} old and ${NEW} new incidents : with ${FEW} old ones`, much / little, {
        ...{ atMost: 3, medians: `${ms(much)} : ${ms(little)}` },
      }),
      ...Object.entries({ [FEW]: silent.few, [MANY]: silent.many }).map(([old, seconds]) =>
        result(`a tick with nothing to do, ${old} old incidents : --version`, median(seconds) / version, {
          ...{ atMost: 2, medians: `${ms(median(seconds))} : ${ms(version)}` },
        }),
      ),
    ];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function host(root, programs, name, incidents) {
  const logs = join(root, name);
  const config = join(root, `${name}.yaml`);
  const checks = CHECKS.map((check) => [
    check,
    { http: { url: `http://127.0.0.1/${check}` }, failure_mode: 'api_timeout', heal: ['reload', 'restart'] },
  ]);
  const playbook = { risk: 'low', steps: [{ wait: '1s' }] };
  writeFileSync(
    config,
    JSON.stringify({
      ...{ version: 1, logs, learning: { mode: 'apply' }, checks: Object.fromEntries(checks) },
      playbooks: { reload: playbook, restart: playbook },
    }),
  );
  logsOfOutcomes(logs, incidents, CHECKS);
  let failed = incidents;
  const fail = () => {
    timed(process.execPath, [programs.fail, logs, String(failed), String(NEW), ...CHECKS]);
    failed += NEW;
  };
  const tick = () => timed(process.execPath, [GRACE, 'learn', 'tick', '--config', config]).seconds;
  // The log is sealed and the registry built once; what was learned is folded once.
  fail();
  tick();
  return {
    tick,
    learns: () => {
      fail();
      return tick();
    },
  };
}
