// append DIR ACTS: so many acts at once, one line each, sealed. Says `ready` once its code is warm, and then how many lines
// were acknowledged between `go` and `stop`.
import { createInterface } from 'node:readline';
import { systemClock } from '../../src/core/host/clock.ts';
import { Ledger } from '../../src/core/ledger.ts';

const WARM_UP = 500;

const [dir = '', acts = '1'] = process.argv.slice(2);
const ledger = new Ledger({
  dir,
  clock: systemClock,
  jitter: Math.random,
  unique: `${process.pid}`,
  invocation: 'bench',
  keys: { directory: `${dir}-keys` },
});
await ledger.recover();

let acknowledged = 0;
let going = true;

async function acknowledgeOne() {
  await ledger.transact(() => ({
    entries: [
      {
        actor: 'bench',
        action: 'appended',
        resource: `writer ${process.pid}`,
        decision: {},
        metadata: { n: acknowledged },
      },
    ],
    value: undefined,
  }));
  acknowledged++;
}

async function write() {
  while (going) await acknowledgeOne();
}

let writers = [];
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
for (let n = 0; n < WARM_UP; n++) await acknowledgeOne();
acknowledged = 0;
say('ready');
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'go') {
    const begun = process.hrtime.bigint();
    writers = Array.from({ length: Number(acts) }, write);
    Promise.all(writers).then(() => say({ acknowledged, seconds: Number(process.hrtime.bigint() - begun) / 1e9 }));
  } else {
    going = false;
    await Promise.all(writers);
    break;
  }
}
ledger.close();
process.stdin.destroy();
