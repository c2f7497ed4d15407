import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { conversation } from './support/command.mjs';
import { interleaved, median, quantile } from './support/stats.mjs';
import { ms, perSecond, result } from './support/table.mjs';
import { freshDirectory } from './support/workspace.mjs';

const ROUNDS = 3;
const LASTS_MS = 1500;
const KILLS = 20;

/** Acknowledged, that is durable, lines; and how soon a waiter goes on when the holder of the lock is killed. */
export async function bench({ dir, programs }) {
  const write = (processes, acts) => () => acknowledgedPerSecond(dir, programs.append, processes, acts);
  const samples = await interleaved(ROUNDS, {
    eight: write(8, 1),
    one: write(1, 1),
    shared: write(1, 16),
    both: write(8, 4),
  });
  const [eight, one, shared, both] = ['eight', 'one', 'shared', 'both'].map((name) => median(samples[name]));
  const lines = { unit: 'lines/s', digits: 0 };
  const waits = await waitsAfterKill(dir, programs);
  return [
    result('acknowledged appends, 8 processes', eight, {
      ...lines,
      atLeast: 2000,
      medians: `one process, one act at a time: ${perSecond(one)}; 8 : 1 = ${(eight / one).toFixed(2)}×`,
    }),
    result('acknowledged appends, 8 processes × 4 acts', both, { ...lines, medians: `${(both / one).toFixed(2)}×` }),
    result('acknowledged appends, 1 process × 16 acts', shared, { ...lines, medians: `${(shared / one).toFixed(2)}×` }),
    result('a waiter goes on after kill -9 of the holder', median(waits) * 1000, {
      ...{ atMost: 25, unit: 'ms', digits: 1 },
      medians: `of ${KILLS}; p95 ${ms(quantile(waits, 0.95))}`,
    }),
  ];
}

async function acknowledgedPerSecond(dir, program, processes, acts) {
  const logs = freshDirectory(dir, 'appends');
  const writers = Array.from({ length: processes }, () => conversation(program, [logs, String(acts)]));
  await Promise.all(writers.map((writer) => writer.hear()));
  for (const writer of writers) writer.say('go');
  await delay(LASTS_MS);
  for (const writer of writers) writer.say('stop');
  const results = await Promise.all(writers.map((writer) => writer.hear()));
  await Promise.all(writers.map((writer) => writer.exited));
  return results.reduce((sum, { acknowledged, seconds }) => sum + acknowledged / seconds, 0);
}

async function waitsAfterKill(dir, programs) {
  const lock = join(freshDirectory(dir, 'lock'), 'ledger.lock');
  const waits = [];
  for (let n = 0; n < KILLS; n++) {
    const holder = conversation(programs['hold-lock'], [lock]);
    await holder.hear();
    const waiter = conversation(programs['wait-for-lock'], [lock]);
    await waiter.hear();
    await delay(20 + Math.random() * 10);
    const killed = process.hrtime.bigint();
    holder.kill('SIGKILL');
    const { at } = await waiter.hear();
    waits.push(Number(BigInt(at) - killed) / 1e9);
    await Promise.all([holder.exited, waiter.exited]);
  }
  return waits;
}
