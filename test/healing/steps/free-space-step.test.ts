import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { StepSpecs } from '../../../src/core/config/schema/playbook-schema.js';
import { type Clock, systemClock } from '../../../src/core/host/clock.js';
import { isAlive } from '../../../src/core/host/process-identity.js';
import { freeSpaceStep } from '../../../src/healing/steps/free-space-step.js';
import { tool, withoutTmpfs } from '../../support/fault-tools.js';
import { tempDir } from '../../support/temp-dir.js';
import { trustedDir } from '../../support/trusted-dir.js';
import { order } from './order.js';
import { started, until } from './processes.js';

type Rules = StepSpecs['free_space'];

const noTmpfs = withoutTmpfs();

const step = (roots: readonly string[], more: Partial<Rules> = {}, timeout_s = 20, clock: Clock = systemClock) =>
  freeSpaceStep(
    {
      name: 'free',
      free_space: { roots: [...roots], globs: ['**/*.log'], older_than: 60, keep: 0, how: 'delete', ...more },
      timeout_s,
    },
    clock,
  );

const run = (root: string, more: Partial<Rules> = {}) => step([root], more).run(order());

/** `age_s` ago last written. */
function file(path: string, bytes: number | string = 8192, age_s = 3600): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, typeof bytes === 'number' ? Buffer.alloc(bytes, 'x') : bytes);
  const at = Date.now() / 1000 - age_s;
  utimesSync(path, at, at);
  return path;
}

/** A filesystem of its own. */
function tmpfs(options: string): string {
  const at = tempDir();
  tool('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', at);
  onTestFinished(() => void tool('umount', '-l', at));
  return at;
}

describe('deleted is', () => {
  test('what matches and is old enough, and nothing else', async () => {
    const root = tempDir();
    const gone = [file(join(root, 'a.log')), file(join(root, 'b/c.log'))];
    const kept = [
      file(join(root, 'young.log'), 10, 5),
      file(join(root, 'a.txt')),
      file(join(root, '.hidden.log')),
      file(join(root, '.git/a.log')),
    ];
    expect(await run(root)).toEqual({ outcome: 'worked', exit: 'deleted 2 files, 16.0 KiB freed' });
    expect(gone.filter(existsSync)).toEqual([]);
    expect(kept.filter(existsSync)).toEqual(kept);
    expect(await run(root)).toEqual({ outcome: 'failed', exit: 'deleted 0 files, 0 B freed' });
  });

  test('all but the newest of each directory', async () => {
    const root = tempDir();
    for (const dir of ['a', 'b']) for (const n of [1, 2, 3]) file(join(root, dir, `${n}.log`), 10, n * 3600);
    expect((await run(root, { keep: 2 })).exit).toMatch(/^deleted 2 files/);
    expect(readdirSync(join(root, 'a'))).toEqual(['1.log', '2.log']);
    expect(readdirSync(join(root, 'b'))).toEqual(['1.log', '2.log']);
  });

  test('nothing of grace itself', async () => {
    const root = tempDir();
    const own = ['incidents.jsonl', 'incidents.jsonl.1', 'registry.db-wal', 'ledger.lock', '.reserve'];
    const kept = own.map((name) => file(join(root, name)));
    const log = file(join(root, 'grace/immutable_audit.jsonl'));
    kept.push(log, file(join(root, 'grace/tile/0/000')), file(join(root, 'grace/output/x.txt')));
    const gone = file(join(root, 'app/x.txt'));
    expect((await run(root, { globs: ['**', '.reserve'] })).exit).toMatch(/^deleted 1 file,/);
    expect(kept.filter(existsSync)).toEqual(kept);
    expect(existsSync(gone)).toBe(false);
  });

  test('once, when roots lie in each other', async () => {
    const root = tempDir();
    file(join(root, 'a/b.log'));
    const result = await step([root, join(root, 'a')]).run(order());
    expect(result.exit).toBe('deleted 1 file, 8.0 KiB freed');
  });
});

describe('left alone is', () => {
  test('what a process has open, and how much that is, is said', async () => {
    const root = tempDir();
    const held = file(join(root, 'held.log'), 20_000);
    const fd = openSync(held, 'a');
    onTestFinished(() => closeSync(fd));
    const other = file(join(root, 'other.log'));
    const result = await run(root);
    expect(result).toEqual({
      outcome: 'worked',
      exit: 'deleted 1 file, 8.0 KiB freed; 1 file of 20.0 KiB left: deleting what is open frees nothing',
    });
    expect([existsSync(held), existsSync(other)]).toEqual([true, false]);
  });

  test('what has a second name', async () => {
    const root = tempDir();
    const path = file(join(root, 'a.log'));
    linkSync(path, join(root, 'elsewhere'));
    expect((await run(root)).exit).toBe('deleted 0 files, 0 B freed; 1 file with other names left');
    expect(existsSync(path)).toBe(true);
  });

  test('a symbolic link, and where it leads', async () => {
    const [root, outside] = [tempDir(), tempDir()];
    const victim = file(join(outside, 'victim.log'));
    symlinkSync(outside, join(root, 'dir'));
    symlinkSync(victim, join(root, 'link.log'));
    tool('touch', '-h', '-d', '2000-01-01', join(root, 'link.log'));
    expect((await run(root)).exit).toBe('deleted 0 files, 0 B freed');
    expect(existsSync(victim)).toBe(true);
    expect(lstatSync(join(root, 'link.log')).isSymbolicLink()).toBe(true);
  });

  test('what is no regular file', async () => {
    const root = tempDir();
    const fifo = join(root, 'a.log');
    tool('mkfifo', fifo);
    tool('touch', '-d', '2000-01-01', fifo);
    mkdirSync(join(root, 'directory.log'));
    expect((await run(root)).exit).toBe('deleted 0 files, 0 B freed');
    expect(existsSync(fifo)).toBe(true);
  });

  test.skipIf(noTmpfs !== undefined)('another filesystem, and a bind mount of the same', async () => {
    const root = tmpfs('size=1m');
    const below = join(root, 'mounted');
    mkdirSync(below);
    tool('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', below);
    onTestFinished(() => void tool('umount', '-l', below));
    const bound = join(root, 'bound');
    const source = join(root, '.source');
    mkdirSync(bound);
    mkdirSync(source);
    tool('mount', '--bind', source, bound);
    onTestFinished(() => void tool('umount', '-l', bound));
    const kept = [file(join(below, 'a.log')), file(join(bound, 'b.log'))];
    file(join(root, 'c.log'));
    expect((await run(root)).exit).toBe('deleted 1 file, 8.0 KiB freed');
    expect(kept.filter(existsSync)).toEqual(kept);
  });
});

describe('refused is', () => {
  test.each(['/', '/etc', '/usr', '/bin', '/sbin', '/lib', '/lib64', '/boot', '/dev', '/proc', '/sys', '/var/lib'])(
    'the root %s',
    async (root) => {
      const result = await step([root], { globs: ['no-such-name-anywhere'] }).run(order());
      expect(result).toMatchObject({ outcome: 'failed', exit: expect.stringMatching(new RegExp(`^${root} `)) });
    },
  );

  test('a root that is a link, or lies behind one; nothing is done in the others either', async () => {
    const [root, outside] = [tempDir(), tempDir()];
    const victims = [file(join(outside, 'a.log')), file(join(outside, 'below/a.log')), file(join(root, 'a.log'))];
    symlinkSync(outside, join(root, 'link'));
    for (const path of [join(root, 'link'), join(root, 'link/below'), join(root, 'a.log')]) {
      const result = await step([root, path]).run(order());
      expect(result.outcome).toBe('failed');
      expect(result.exit).toMatch(
        /is no directory$|: others could change the symbolic link .*link: name where it really leads$/,
      );
    }
    expect((await run(join(root, 'nowhere'))).exit).toMatch(/nowhere: it does not exist$/);
    expect(victims.filter(existsSync)).toEqual(victims);
  });
});

test('a root behind a link that nobody else can change is what it leads to, and is judged as that', async () => {
  const dir = trustedDir();
  const old = file(join(dir, 'real/a.log'));
  symlinkSync('real', join(dir, 'link'));
  symlinkSync('/etc', join(dir, 'system'));
  expect((await run(join(dir, 'system'), { globs: ['no-such-name'] })).exit).toBe(
    `${dir}/system: /etc belongs to the system: nothing is deleted there`,
  );
  expect((await run(join(dir, 'link'))).outcome).toBe('worked');
  expect(existsSync(old)).toBe(false);
});

/** Puts links in the place of the directories of `root`, and the directories back, as fast as it can. */
const SWAPPER = `
  const { renameSync, symlinkSync, rmSync } = require('fs');
  const [root, outside, n] = process.argv.slice(1);
  console.log('up');
  for (;;) for (let i = 0; i < n; i++) {
    const at = root + '/d' + i;
    try { renameSync(at, at + '.aside'); symlinkSync(outside + '/d' + i, at); } catch {}
    try { rmSync(at); renameSync(at + '.aside', at); } catch {}
  }`;

test('a directory that is swapped for a link while it is walked leads nowhere else', async () => {
  const [root, outside] = [tempDir(), tempDir()];
  const directories = 20;
  const fill = (into: string) => {
    for (let i = 0; i < directories; i++) for (let n = 0; n < 10; n++) file(join(into, `d${i}`, `${n}.log`), 10);
  };
  fill(outside);
  let deleted = 0;
  for (let round = 0; round < 4; round++) {
    fill(root);
    const { who } = await started([process.execPath, '-e', SWAPPER, root, outside, String(directories)]);
    for (let i = 0; i < 3; i++) deleted += Number(/^deleted (\d+)/.exec((await run(root)).exit)?.[1]);
    process.kill(who.pid, 'SIGKILL');
    await until(() => !isAlive(who));
    for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true });
  }
  expect(deleted).toBeGreaterThan(100);
  for (let i = 0; i < directories; i++) expect(readdirSync(join(outside, `d${i}`))).toHaveLength(10);
});

test('a file that was written to since it was chosen stays', async () => {
  const root = tempDir();
  const paths = [1, 2, 3].map((n) => file(join(root, `${n}.log`), 10, 3600 * (4 - n)));
  // The clock is asked first for the deadline, and then before each file.
  let asked = 0;
  const clock: Clock = {
    now: () => Date.now(),
    elapsed: () => {
      asked++;
      if (!existsSync(paths[0] ?? '')) writeFileSync(paths[2] ?? '', 'fresh');
      return systemClock.elapsed();
    },
  };
  const result = await step([root], {}, 20, clock).run(order());
  expect(asked).toBeGreaterThan(3);
  expect(result.exit).toMatch(/^deleted 2 files, .*; 1 file left: it has changed meanwhile$/);
  expect(readFileSync(paths[2] ?? '', 'utf8')).toBe('fresh');
});

describe('a full disk', () => {
  test.skipIf(noTmpfs !== undefined)('is freed', async () => {
    const root = tmpfs('size=4m');
    for (let n = 0; n < 20; n++) file(join(root, `old-${n}.log`), 100_000, 3600 + n);
    const fd = openSync(join(root, 'filler'), 'w');
    expect(() => {
      for (;;) writeSync(fd, Buffer.alloc(4096));
    }).toThrow(/ENOSPC/);
    closeSync(fd);
    expect(statfsSync(root).bavail).toBe(0);
    const result = await run(root);
    expect(result).toMatchObject({ outcome: 'worked', exit: 'deleted 20 files, 2.0 MiB freed' });
    expect(statfsSync(root).bavail * 4096).toBe(20 * 102_400);
  });

  test.skipIf(noTmpfs !== undefined)('is freed as far as was wanted, eldest first', async () => {
    const root = tmpfs('size=1m');
    for (let n = 0; n < 10; n++) file(join(root, `${n}.log`), 102_400, 3600 * (10 - n));
    const result = await run(root, { until_free: 0.5 });
    expect(result.outcome).toBe('worked');
    expect(result.exit).toMatch(/^deleted 5 files, 500\.0 KiB freed; 51\.\d % \(524\.0 KiB\) free below /);
    expect(readdirSync(root).sort()).toEqual(['5.log', '6.log', '7.log', '8.log', '9.log']);
    const again = await run(root, { until_free: 500_000 });
    expect(again).toMatchObject({ outcome: 'worked', exit: expect.stringMatching(/^nothing to do: 51/) });
    const more = await run(root, { until_free: 0.99, keep: 4 });
    expect(more.exit).toMatch(/^deleted 1 file, .* free below .*, less than was wanted$/);
  });

  test.skipIf(noTmpfs !== undefined)('without inodes is freed', async () => {
    const root = tmpfs('size=1m,nr_inodes=20');
    const names: string[] = [];
    expect(() => {
      for (let n = 0; ; n++) names.push(file(join(root, `${n}.log`), 0));
    }).toThrow(/ENOSPC/);
    expect((await run(root)).exit).toBe(`deleted ${names.length} files, 0 B freed`);
  });

  test.skipIf(noTmpfs !== undefined)('is too full to compress on', async () => {
    const root = tmpfs('size=1m');
    const path = file(join(root, 'a.log'), 700_000);
    const result = await run(root, { how: 'compress' });
    expect(result).toMatchObject({
      outcome: 'failed',
      exit: 'compressed 0 files, 0 B freed; 1 file left: there is too little room to compress it',
    });
    expect(readdirSync(root)).toEqual(['a.log']);
    expect(statSync(path).size).toBe(700_000);
  });
});

describe('compress', () => {
  const rules = { how: 'compress', globs: ['**/*'] } as const;

  test('puts a .gz of the same owner, mode and time in the place of a file', async () => {
    const root = tempDir();
    const path = file(join(root, 'a/b.log'), 'line\n'.repeat(50_000));
    tool('chmod', '604', path);
    const before = statSync(path);
    const result = await run(root, { ...rules, globs: [...rules.globs] });
    expect(result).toMatchObject({
      outcome: 'worked',
      exit: expect.stringMatching(/^compressed 1 file, 2\d\d\.0 KiB freed$/),
    });
    expect(readdirSync(join(root, 'a'))).toEqual(['b.log.gz']);
    const after = statSync(`${path}.gz`);
    expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid]);
    expect(Math.abs(after.mtimeMs - before.mtimeMs)).toBeLessThan(1);
    expect(gunzipSync(readFileSync(`${path}.gz`)).toString()).toBe('line\n'.repeat(50_000));
    expect((await run(root, { ...rules, globs: [...rules.globs] })).exit).toBe('compressed 0 files, 0 B freed');
  });

  test('never overwrites, and takes the place of what a killed process has left', async () => {
    const root = tempDir();
    file(join(root, 'a.log'));
    file(join(root, 'a.log.gz'), 'mine');
    file(join(root, 'b.log'));
    const outside = file(join(tempDir(), 'victim'), 'mine');
    symlinkSync(outside, join(root, 'b.log.gz.grace-unfinished'));
    const result = await run(root, { how: 'compress' });
    expect(result.exit).toMatch(/^compressed 1 file, .*; 1 file left: its \.gz is there already$/);
    expect(readdirSync(root).sort()).toEqual(['a.log', 'a.log.gz', 'b.log.gz']);
    expect(readFileSync(join(root, 'a.log.gz'), 'utf8')).toBe('mine');
    expect(readFileSync(outside, 'utf8')).toBe('mine');
  });
});

describe('time and interruptions', () => {
  test('at the timeout it stops, and says how far it came', async () => {
    const root = tempDir();
    for (let n = 0; n < 5; n++) file(join(root, `${n}.log`));
    let elapsed = 0;
    const clock: Clock = { now: () => Date.now(), elapsed: () => elapsed };
    Object.defineProperty(clock, 'elapsed', {
      value: () => {
        if (readdirSync(root).length <= 3) elapsed = 100;
        return elapsed;
      },
    });
    const result = await step([root], {}, 20, clock).run(order());
    expect(result).toEqual({
      outcome: 'timed_out',
      exit: 'ended after 20 s: deleted 2 files, 16.0 KiB freed',
    });
    expect(readdirSync(root)).toHaveLength(3);
  });

  test('interrupted, it deletes nothing more', async () => {
    const root = tempDir();
    file(join(root, 'a.log'));
    const result = await step([root]).run(order({ stop: AbortSignal.abort() }));
    expect(result).toEqual({ outcome: 'failed', exit: 'interrupted: deleted 0 files, 0 B freed' });
    expect(readdirSync(root)).toEqual(['a.log']);
  });
});

test('what it says of itself', () => {
  expect(step(['/x'], { keep: 2 })).toMatchObject({
    freesSpace: true,
    repeatable: true,
    destroys:
      'files below /x that match **/*.log and are older than 60 s, but not the newest 2 of each directory, for good',
  });
  expect(step(['/x'], { how: 'compress' }).destroys).toMatch(/^nothing: /);
});
