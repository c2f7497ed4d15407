import { expect, it } from 'vitest';
import { withoutStrace } from '../support/fault-tools.js';
import { bundlePrograms } from './bundle.js';
import { acknowledgedBeforeSynced, countKinds, showSome } from './checks.js';
import { watchSyncs } from './sync-order.js';

const without = withoutStrace();

it.skipIf(without)('nothing is acknowledged before both logs are synced', async () => {
  const programs = await bundlePrograms();
  try {
    const { acks, violations } = await watchSyncs(programs, 20);
    console.log(`sync order: ${acks} acknowledgements watched, ${countKinds(violations)}`);
    expect(showSome(violations)).toBe('');
    expect(acks).toBe(20);
  } finally {
    programs.remove();
  }
});

it('reads a trace: only a sync that begins after the last write and ends well covers it', () => {
  const write = '7  write(20</l/a>, "{}"..., 3) = 3';
  const ack = '7  write(1<pipe:[9]>, "ACK w-1\\n", 8) = 8';
  const kinds = (...trace: string[]) => acknowledgedBeforeSynced(trace, ['/l/a']).length;
  expect(kinds(write, '8  fdatasync(20</l/a>) = 0', ack)).toBe(0);
  expect(kinds(write, '8  fdatasync(20</l/a> <unfinished ...>', '8  <... fdatasync resumed>) = 0', ack)).toBe(0);
  expect(kinds(write, ack)).toBe(1);
  expect(kinds('8  fdatasync(20</l/a> <unfinished ...>', write, '8  <... fdatasync resumed>) = 0', ack)).toBe(1);
  expect(kinds(write, '8  fdatasync(20</l/a> <unfinished ...>', ack)).toBe(1);
  expect(kinds(write, '8  fdatasync(20</l/a>) = -1 EIO (Input/output error)', ack)).toBe(1);
  expect(kinds(write, '8  fdatasync(21</l/b>) = 0', ack)).toBe(1);
});
