import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { timed } from './support/command.mjs';
import { freePort, untilAnswered } from './support/service.mjs';
import { interleaved, median } from './support/stats.mjs';
import { ms, result } from './support/table.mjs';
import { GRACE, ROOT } from './support/workspace.mjs';

const TRUSTED = process.getuid() === 0 ? '/var/lib' : process.env.HOME;
const WARM_S = 15;
const MEASURED_S = 20;
const TICKS = 100;
const ROUNDS = 15;

/** What a watch costs that has nothing to do, and a pass from cron. */
export async function bench() {
  const root = mkdtempSync(join(TRUSTED, 'grace-bench-'));
  chmodSync(root, 0o700);
  const port = await freePort();
  // In a process of its own: this one waits for the commands that it times.
  const server = spawn(process.execPath, [join(ROOT, 'bench', 'programs', 'web.mjs'), String(port)], {
    stdio: 'ignore',
  });
  await untilAnswered(port, 0);
  try {
    return [
      ...(await watched(root, port, 10, {})),
      ...(await watched(root, port, 100, { core: 1.5, memory: 90 })),
      ...(await watched(root, port, 1000, { core: 12 })),
      await onePass(root, port),
    ];
  } finally {
    server.kill('SIGKILL');
    rmSync(root, { recursive: true, force: true });
  }
}

function configured(root, port, checks, every) {
  const path = join(root, `grace-${checks}.yaml`);
  const url = (i) => `http://127.0.0.1:${port}/${i}`;
  const all = Array.from({ length: checks }, (_, i) => [`c${i}`, { http: { url: url(i) }, every }]);
  writeFileSync(path, JSON.stringify({ version: 1, logs: `./logs-${checks}`, checks: Object.fromEntries(all) }));
  return path;
}

async function watched(root, port, checks, { core, memory }) {
  const config = configured(root, port, checks, '5s');
  const env = { ...process.env, XDG_STATE_HOME: join(root, 'state') };
  const child = spawn(process.execPath, [GRACE, 'heal', 'watch', '--config', config], { stdio: 'ignore', env });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  await delay(WARM_S * 1000);
  const before = cpuSeconds(child.pid);
  await delay(MEASURED_S * 1000);
  const share = ((cpuSeconds(child.pid) - before) / MEASURED_S) * 100;
  const mb = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1000;
  child.kill('SIGTERM');
  await exited;
  const name = `heal watch, ${checks} HTTP checks every 5 s`;
  return [
    result(`${name}: of a core`, share, { unit: '%', ...(core === undefined ? {} : { atMost: core }) }),
    result(`${name}: resident`, mb, { unit: 'MB', digits: 0, ...(memory === undefined ? {} : { atMost: memory }) }),
  ];
}

function cpuSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

async function onePass(root, port) {
  const config = configured(root, port, 10, '30s');
  const env = { ...process.env, XDG_STATE_HOME: join(root, 'state') };
  const run = (args) => () => timed(process.execPath, [GRACE, ...args], { env, stdout: 'ignore' }).seconds;
  const samples = await interleaved(ROUNDS, {
    version: run(['--version']),
    pass: run(['heal', 'run', '--config', config]),
  });
  const [pass, version] = [median(samples.pass), median(samples.version)];
  return result('heal run, 10 passing checks : --version', pass / version, {
    atMost: 2.5,
    medians: `${ms(pass)} : ${ms(version)}`,
  });
}
