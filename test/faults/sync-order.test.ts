import { renameSync } from 'node:fs';
import { expect, it } from 'vitest';
import { logPath } from '../../src/core/journal/log-files.js';
import { start } from '../support/fault-run.js';
import { withoutStrace } from '../support/fault-tools.js';
import { bundlePrograms, type Programs } from './bundle.js';
import { countKinds, showSome } from './checks.js';
import { type Watch, watchSyncs } from './sync-order.js';
import { wrongSyncs } from './sync-trace.js';

const without = withoutStrace();

/** A program is killed when it has appended, before it syncs; then its log is rotated. */
async function killBeforeSync(programs: Programs, dir: string): Promise<void> {
  const inject = ['-e', 'inject=fdatasync:signal=KILL:when=3'];
  const traced = ['-P', logPath(dir, 'audit'), '-e', 'trace=fdatasync', ...inject];
  const strace = ['strace', '-o', '/dev/null', ...traced];
  const { signal } = await start(programs.append, [dir, 'killed', '9'], { attached: { strace, threads: 'all' } }).ended;
  expect(signal).toBe('SIGKILL');
  renameSync(logPath(dir, 'audit'), `${logPath(dir, 'audit')}.1`);
}

it.skipIf(without).each<Omit<Watch, 'prepare'> & { name: string; rotated?: boolean }>([
  { name: 'one act after the other', records: 10 },
  { name: 'three acts at once', records: 15, atOnce: 3 },
  { name: 'a log that was rotated before it was synced', records: 3, rotated: true },
])('nothing is vouched for, sealed or acknowledged before it is synced: $name', async ({ name, rotated, ...watch }) => {
  const programs = await bundlePrograms();
  try {
    const prepare = (dir: string) => killBeforeSync(programs, dir);
    const { acks, violations } = await watchSyncs(programs, rotated ? { ...watch, prepare } : watch);
    console.log(`sync order, ${name}: ${acks} acknowledgements watched, ${countKinds(violations)}`);
    expect(showSome(violations)).toBe('');
    expect(acks).toBe(2 * watch.records);
  } finally {
    programs.remove();
  }
});

const LIVE = { path: '/l/a', first: 0, lines: 0, synced: 0 };
const FILES = { audit: [LIVE], incidents: '/l/i', checkpoints: '/l/c' };

it('reads a trace: only a sync that begins after the last write and ends well covers it', () => {
  const entry = String.raw`7  write(20</l/a>, "{\"resource\":\"w-1\"}\n", 19) = 19`;
  const synced = '8  fdatasync(20</l/a>) = 0';
  const note = String.raw`7  write(21</l/c>, "o\n1\nroot\n", 9) = 9`;
  const noteSynced = '8  fdatasync(21</l/c>) = 0';
  const ack = String.raw`7  write(1<pipe:[9]>, "ACK w-1\n", 8) = 8`;
  const begun = '8  fdatasync(20</l/a> <unfinished ...>';
  const ended = '8  <... fdatasync resumed>) = 0';
  const kinds = (...trace: string[]) => wrongSyncs(trace, FILES).map(({ kind }) => kind);
  expect(kinds(entry, synced, note, noteSynced, ack)).toEqual([]);
  expect(kinds(entry, begun, ended, note, noteSynced, ack)).toEqual([]);
  expect(kinds(entry, note, synced, noteSynced, ack)).toEqual(['sealed before synced']);
  expect(kinds(begun, entry, ended, note, noteSynced, ack)).toEqual(['sealed before synced']);
  expect(kinds(entry, begun, note, ended, noteSynced, ack)).toEqual(['sealed before synced']);
  expect(kinds(entry, '8  fdatasync(20</l/a>) = -1 EIO (Input/output error)', note)).toEqual(['sealed before synced']);
  expect(kinds(entry, '8  fdatasync(20</l/b>) = 0', note)).toEqual(['sealed before synced']);
  expect(kinds(entry, synced, ack)).toEqual(['acknowledged before synced']);
  expect(kinds(entry, synced, note, ack)).toEqual(['acknowledged before synced']);
  expect(kinds(entry, synced, noteSynced, note, ack)).toEqual(['acknowledged before synced']);
  expect(kinds(entry, entry, synced, note, noteSynced, ack)).toEqual(['acknowledged before synced']);
  const line = String.raw`7  write(22</l/i>, "{}\n", 3) = 3`;
  expect(kinds(line, entry)).toEqual(['vouched before synced']);
  expect(kinds(line, '7  fsync(22</l/i>) = 0', entry)).toEqual([]);
  const older = { ...LIVE, path: '/l/a.1', lines: 4 };
  const files = { ...FILES, audit: [older, { ...LIVE, first: 4 }] };
  const five = note.replace(String.raw`\n1\n`, String.raw`\n5\n`);
  expect(wrongSyncs([entry, synced, five], files).map(({ what }) => what)).toEqual(['4 lines of /l/a.1, 0 are synced']);
});
