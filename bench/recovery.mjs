import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { grace, KEEPERS } from './support/keepers.mjs';
import { freePort, untilAnswered } from './support/service.mjs';
import { median, quantile } from './support/stats.mjs';
import { ms, result, skipped } from './support/table.mjs';
import { ROOT } from './support/workspace.mjs';

const KILLS = 15;
const FAST_KILLS = 25;
/** Where nobody but root may write: what root acts by must lie in such a place. */
const TRUSTED = process.getuid() === 0 ? '/var/lib' : process.env.HOME;

/** From `kill -9` of a small HTTP server to its next 200, under each of several keepers, beside what it takes to start. */
export async function bench() {
  const root = mkdtempSync(join(TRUSTED, 'grace-bench-'));
  const web = join(root, 'web.mjs');
  copyFileSync(join(ROOT, 'bench', 'programs', 'web.mjs'), web);
  try {
    const floor = await starts(web);
    const rows = [
      result('server, from start to its first 200 (the floor)', median(floor) * 1000, { unit: 'ms', digits: 1 }),
    ];
    const setups = {
      every50: ['50ms', '1 of 1'],
      every100: ['100ms', '1 of 1'],
      every250: ['250ms', '1 of 1'],
      confirmed: ['250ms', '2 of 3'],
    };
    const samples = {};
    for (const [name, [every, confirm]] of Object.entries(setups)) {
      const dir = directory(root, name);
      samples[name] = await kills(FAST_KILLS, 2 * seconds(every), (port) => grace(dir, web, port, { every, confirm }));
      const interval = seconds(every);
      const more = confirm === '1 of 1' ? 0 : interval;
      const bound = median(floor) + 0.6 * interval + 0.005 + more;
      rows.push(
        result(`grace, every ${every}, confirm ${confirm}: kill -9 to the next 200`, median(samples[name]) * 1000, {
          ...{ atMost: Math.round(bound * 1000), unit: 'ms', digits: 0 },
          medians: `p95 ${ms(quantile(samples[name], 0.95))}; bound: floor + 0.6 × interval + 5 ms${more > 0 ? ' + interval' : ''}`,
        }),
      );
    }
    const own = median(samples.every250);
    const ratios = { monit: 15, supervisord: 8 };
    for (const [name, { label, missing, start }] of Object.entries(KEEPERS)) {
      const why = missing();
      if (why !== undefined) {
        rows.push(skipped(`${label}: kill -9 to the next 200`, why));
        continue;
      }
      try {
        const dir = directory(root, name);
        const sample = await kills(KILLS, 1.2, (port) => start(dir, web, port));
        rows.push(
          result(`${label}: kill -9 to the next 200`, median(sample) * 1000, {
            unit: 'ms',
            digits: 0,
            medians: `p95 ${ms(quantile(sample, 0.95))}`,
          }),
        );
        const options = { medians: `${ms(median(sample))} : ${ms(own)}` };
        const atLeast = ratios[name];
        rows.push(
          result(
            `${label} : grace, every 250ms`,
            median(sample) / own,
            atLeast === undefined ? options : { ...options, atLeast },
          ),
        );
      } catch (error) {
        rows.push(skipped(`${label}: kill -9 to the next 200`, String(error.message).split('\n')[0]));
      }
    }
    return rows;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function directory(root, name) {
  const dir = mkdtempSync(join(root, `${name}-`));
  chmodSync(dir, 0o700);
  return dir;
}

const seconds = (text) => Number(text.replace('ms', '')) / 1000;

async function starts(web) {
  const sample = [];
  for (let i = 0; i < KILLS; i++) {
    const port = await freePort();
    const child = spawn(process.execPath, [web, String(port)], { stdio: 'ignore' });
    sample.push((await untilAnswered(port, 0)).seconds);
    child.kill('SIGKILL');
  }
  return sample;
}

/** Kills the server at random moments of its keeper's cycle. */
async function kills(n, settle_s, start) {
  const port = await freePort();
  const keeper = start(port);
  const servers = [];
  try {
    let { pid } = await Promise.race([untilAnswered(port, 0, 60), keeper.ended]);
    servers.push(pid);
    const sample = [];
    for (let i = 0; i < n; i++) {
      await delay((settle_s + Math.random()) * 1000);
      process.kill(pid, 'SIGKILL');
      const next = await untilAnswered(port, pid);
      sample.push(next.seconds);
      pid = next.pid;
      servers.push(pid);
    }
    return sample;
  } finally {
    await keeper.end(servers.slice(-1));
  }
}
