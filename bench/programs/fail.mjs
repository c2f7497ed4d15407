// fail DIR FROM MANY CHECK…: writes so many incidents, each healed by the second remedy of its check, as the engine does.
import { systemClock } from '../../src/core/host/clock.ts';
import { Ledger } from '../../src/core/ledger.ts';
import { keyPlaceOf } from '../../src/core/seal/key-file.ts';
import { episodeOf } from '../support/past-outcomes.mjs';

const [dir = '', from = '0', many = '100', ...checks] = process.argv.slice(2);
const ledger = new Ledger({
  ...{ dir, clock: systemClock, jitter: Math.random, unique: `${process.pid}`, invocation: 'bench' },
  keys: keyPlaceOf(process.env, undefined),
});
const write = async (entries) => (await ledger.transact(() => ({ entries, value: undefined }))).entries;
for (let n = Number(from); n < Number(from) + Number(many); n++) {
  const { opened, claimed, ended } = episodeOf(n, checks[n % checks.length]);
  const [, first] = await write([opened, claimed('reload')]);
  const [, second] = await write([ended(first.entry_id, 'failed'), claimed('restart')]);
  await write([ended(second.entry_id, 'worked')]);
}
ledger.close();
