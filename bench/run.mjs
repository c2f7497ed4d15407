// npm run bench            every measure, one table
// npm run bench -- NAME…   only those: start-up, reading, first-sync, evidence, appends, sealing, drill, recovery, watching, decisions,
//                          learning-order, learning-waits, learning-effect, learning-tick
import { bench as appends } from './appends.mjs';
import { bench as decisions } from './decisions.mjs';
import { bench as drill } from './drill.mjs';
import { bench as evidence } from './evidence.mjs';
import { bench as firstSync } from './first-sync.mjs';
import { bench as learningEffect } from './learning-effect.mjs';
import { bench as learningOrder } from './learning-order.mjs';
import { bench as learningTick } from './learning-tick.mjs';
import { bench as learningWaits } from './learning-waits.mjs';
import { bench as reading } from './reading.mjs';
import { bench as recovery } from './recovery.mjs';
import { bench as sealing } from './sealing.mjs';
import { bench as startUp } from './start-up.mjs';
import { bundlePrograms } from './support/bundle.mjs';
import { loadLine, machineLine } from './support/machine.mjs';
import { broken, printTable } from './support/table.mjs';
import { withWorkspace } from './support/workspace.mjs';
import { bench as watching } from './watching.mjs';

const MEASURES = {
  'start-up': startUp,
  drill,
  appends,
  sealing,
  reading,
  'first-sync': firstSync,
  evidence,
  recovery,
  watching,
  decisions,
  'learning-order': learningOrder,
  'learning-waits': learningWaits,
  'learning-effect': learningEffect,
  'learning-tick': learningTick,
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !Object.hasOwn(MEASURES, name));
if (unknown !== undefined) {
  console.error(`there is no measure ${unknown}; there are: ${Object.keys(MEASURES).join(', ')}`);
  process.exit(2);
}

console.log(machineLine());
const begun = process.hrtime.bigint();
const rows = await withWorkspace(async (dir) => {
  const programs = await bundlePrograms(dir);
  const all = [];
  for (const [name, bench] of Object.entries(MEASURES)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    process.stderr.write(`${name} … (${loadLine()})\n`);
    try {
      all.push(...(await bench({ dir, programs })));
    } catch (error) {
      all.push(broken(name, error));
    }
  }
  return all;
});
printTable(rows);
const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
const missed = rows.filter((row) => row.ok === false);
console.log(`${rows.length} results, ${missed.length} beyond their target; ${seconds.toFixed(0)} s; ${loadLine()}`);
process.exitCode = missed.length > 0 ? 3 : 0;
