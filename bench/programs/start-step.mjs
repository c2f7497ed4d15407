// start-step TIMES: runs /bin/true so often as a step of a remedy does. Prints the seconds from the call until the child
// has been started and has ended.
import { systemClock } from '../../src/core/host/clock.ts';
import { runChild } from '../../src/healing/child/run-child.ts';

const [times = '100'] = process.argv.slice(2);
const samples = [];
for (let n = -10; n < Number(times); n++) {
  const begun = process.hrtime.bigint();
  await runChild({ argv: ['/bin/true'], timeout_ms: 5000, marker: 'bench', clock: systemClock });
  if (n >= 0) samples.push(Number(process.hrtime.bigint() - begun) / 1e9);
}
console.log(JSON.stringify(samples));
