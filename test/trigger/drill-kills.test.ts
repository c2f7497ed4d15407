import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Context } from '../../src/cli/context.js';
import { drillCatalogue } from '../../src/cli/drill-catalogue.js';
import { systemClock } from '../../src/core/host/clock.js';
import { type Child, program } from '../support/child.js';
import { tempDir } from '../support/temp-dir.js';
import { drillPrograms } from './drill-programs.js';
import { lastingTraces, tracesBelow } from './drill-traces.js';

const programs = drillPrograms();
const DRILLS = drillCatalogue({ clock: systemClock } as Context)
  .filter((drill) => drill.impossible?.() === undefined)
  .map(({ id }) => id);

/** How long most drills take from the word go, and the slowest. */
const SPAN_MS = 600;
const LONG_SPAN_MS = 1500;
const AT_ONCE = 3;

/** Says when it begins, and then runs one drill as `grace trigger drill` does. */
const ONE_DRILL = `
  import { drillCatalogue } from 'grace:cli/drill-catalogue';
  import { runDrillOnStage } from 'grace:cli/drill-run';
  import { systemClock } from 'grace:core/host/clock';
  import { randomHex } from 'grace:core/host/random';
  import { Ledger } from 'grace:core/ledger';
  import { openDrillDirectory } from 'grace:trigger/drill-directory';
  const [id, parent, logs, home] = process.argv.slice(2);
  const newSuffix = () => randomHex(6);
  const ctx = { clock: systemClock, newSuffix, home, nodePath: process.execPath };
  const ledger = new Ledger({ dir: logs, clock: systemClock, jitter: Math.random, unique: newSuffix(), invocation: 'test' });
  const drill = drillCatalogue(ctx).find((one) => one.id === id);
  console.log('begins');
  const directory = await openDrillDirectory({ parent, program: home + '/dist/trigger/drill-keeper.js', nodePath: process.execPath });
  const end = await runDrillOnStage(ctx, drill, {
    writing: { dir: logs, ledger, host: 'host' },
    screen: { settled() {}, staged() {}, broken() {}, event() {}, async finish() {} },
    interrupts: { stop: new AbortController().signal, exit: () => undefined },
    port: 0,
    dir: async () => directory.path,
  });
  await directory.end();
  console.log(end.kind);
  ledger.close();
`;

test('kill -9 at any moment of any drill leaves no process, no mount and no directory', async () => {
  const start = await program(ONE_DRILL);
  const kills = DRILLS.filter((id) => id !== 'port-in-use').map((id, i) => {
    const span_ms = /hung|timeout|slow/.test(id) ? LONG_SPAN_MS : SPAN_MS;
    return { id, after_ms: i % 7 === 6 ? i : Math.random() * span_ms, parent: tempDir() };
  });
  const left: string[] = [];
  let survived = 0;
  const killOne = async ({ id, after_ms, parent }: (typeof kills)[number]) => {
    const child: Child = start([id, parent, tempDir(), programs.home]);
    expect(await child.nextLine()).toBe('begins');
    await sleep(after_ms);
    child.kill('SIGKILL');
    if ((await child.ended).signal === null) survived++;
    for (const trace of await lastingTraces(parent)) left.push(`${id} after ${after_ms} ms: ${trace}`);
  };
  const queue = [...kills];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await killOne(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  // What was about to be started may have been nowhere to be seen at first.
  await sleep(500);
  for (const { id, parent } of kills) for (const trace of tracesBelow(parent)) left.push(`${id} at the end: ${trace}`);
  expect(left).toEqual([]);
  // Or nothing was shown.
  expect(survived).toBeLessThan(kills.length / 2);
});
