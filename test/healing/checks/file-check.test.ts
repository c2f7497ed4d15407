import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type CheckSpecs, checkSchema } from '../../../src/core/config/schema/check-schema.js';
import { systemClock } from '../../../src/core/host/clock.js';
import { probeFile } from '../../../src/healing/checks/file-check.js';
import { tempDir } from '../../support/temp-dir.js';

function probe(path: string, more: Partial<CheckSpecs['file']> = {}, clock = systemClock) {
  return probeFile({ path, exists: true, ...more }, clock);
}

function written(bytes: string | Buffer = 'hello\n', name = 'file'): string {
  const path = join(tempDir(), name);
  writeFileSync(path, bytes);
  return path;
}

describe('whether it is there', () => {
  test('a file, and what a link leads to', async () => {
    const path = written();
    expect(await probe(path)).toEqual({ status: 'ok', summary: `${path} is as expected` });
    const link = join(tempDir(), 'link');
    symlinkSync(path, link);
    expect((await probe(link, { contains: 'hello' })).status).toBe('ok');
    expect(await probe(path, { exists: false })).toEqual({
      status: 'critical',
      summary: `${path} is there and should not be`,
    });
  });

  test('nothing, a link to nothing, a path through a file', async () => {
    const dir = tempDir();
    symlinkSync(join(dir, 'nothing'), join(dir, 'link'));
    writeFileSync(join(dir, 'plain'), '');
    for (const name of ['none', 'link', 'plain/file']) {
      const path = join(dir, name);
      expect(await probe(path)).toEqual({ status: 'critical', summary: `${path} is missing` });
      expect((await probe(path, { exists: false })).status).toBe('ok');
    }
  });

  test('a directory, a pipe, a socket and a device are no files, and nothing hangs', async () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'd'));
    spawnSync('mkfifo', [join(dir, 'p')]);
    const server = createServer();
    onTestFinished(() => {
      server.close();
    });
    await new Promise<void>((resolve) => server.listen(join(dir, 's'), resolve));
    const kinds = [];
    for (const path of [join(dir, 'd'), join(dir, 'p'), join(dir, 's'), '/dev/zero']) {
      const found = await probe(path, { contains: 'x', sha256: '0'.repeat(64), parses_as: 'json' });
      expect(found.status).toBe('critical');
      kinds.push(found.summary.replace(path, ''));
    }
    expect(kinds).toEqual([
      ' is a directory, and no regular file',
      ' is a named pipe, and no regular file',
      ' is a socket, and no regular file',
      ' is a device, and no regular file',
    ]);
  });
});

describe('age', () => {
  const changedAgo = (s: number) => {
    const path = written();
    const at = systemClock.now() / 1000 - s;
    utimesSync(path, at, at);
    return path;
  };

  test('newer_than', async () => {
    expect((await probe(changedAgo(50), { newer_than: 60 })).status).toBe('ok');
    const path = changedAgo(7300);
    expect(await probe(path, { newer_than: 60 })).toEqual({
      status: 'critical',
      summary: `${path} was changed 2 h ago, and should have been within 60 s`,
    });
  });

  test('older_than', async () => {
    expect((await probe(changedAgo(7300), { older_than: 60 })).status).toBe('ok');
    const path = changedAgo(50);
    expect((await probe(path, { older_than: 600 })).summary).toMatch(
      /was changed 5\d s ago, and should not have been for 10 min$/,
    );
    expect((await probe(changedAgo(-500), { older_than: 60 })).summary).toContain('in the future');
  });

  test('by the clock that is passed in', async () => {
    const path = written();
    const later = { ...systemClock, now: () => systemClock.now() + 3.5 * 86_400_000 };
    expect((await probe(path, { newer_than: 86_400 }, later)).summary).toContain('was changed 3 days ago');
  });
});

test('size', async () => {
  const path = written('12345');
  expect((await probe(path, { size_above: 4, size_below: 6 })).status).toBe('ok');
  expect((await probe(path, { size_above: 5 })).summary).toBe(`${path} has 5 bytes, and should have more than 5`);
  expect((await probe(path, { size_below: 5 })).summary).toBe(`${path} has 5 bytes, and should have less than 5`);
});

describe('content', () => {
  test('sha256, of more than is read at once', async () => {
    const bytes = Buffer.alloc(700_001, 'grace');
    const path = written(bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect((await probe(path, { sha256 })).status).toBe('ok');
    expect(await probe(path, { sha256: '0'.repeat(64) })).toEqual({
      status: 'critical',
      summary: `${path} has the SHA-256 ${sha256}, and not the expected one`,
    });
  });

  test.each([0, 100, 262_140, 262_144, 262_145, 524_285])('contains, %i bytes in', async (at) => {
    const bytes = Buffer.alloc(600_000, '.');
    bytes.write('needle', at);
    const path = written(bytes);
    expect((await probe(path, { contains: 'needle' })).status).toBe('ok');
    expect((await probe(path, { contains: 'needles' })).summary).toBe(`${path} does not contain "needles"`);
  });

  test('both of an empty file', async () => {
    const sha256 = createHash('sha256').digest('hex');
    expect((await probe(written(''), { sha256 })).status).toBe('ok');
    expect((await probe(written(''), { contains: 'x' })).status).toBe('critical');
  });
});

describe('parses_as', () => {
  test.each([
    ['yaml', 'a: 1\nb: [2, 3]\n---\nc: 4\n'],
    ['json', '{"a": [1, null]}'],
    ['toml', '[a]\nb = 1\n'],
  ] as const)('%s that is right', async (parses_as, text) => {
    expect((await probe(written(text), { parses_as })).status).toBe('ok');
  });

  test.each([
    ['yaml', 'a: 1\nb: [2, 3\n', /is no YAML: Flow sequence/],
    ['yaml', 'a: 1\n---\na: 1\na: 2\n', /is no YAML: Map keys must be unique at line 4/],
    ['json', '{"a": 1,}', /is no JSON: .*position 8/],
    ['json', '', /is no JSON: /],
    ['toml', 'a = \n', /is no TOML: Invalid TOML document/],
    ['json', Buffer.from('"\xff"', 'latin1'), /it is not UTF-8/],
  ] as const)('%s that is broken: %j', async (parses_as, text, summary) => {
    const found = await probe(written(text), { parses_as });
    expect(found).toMatchObject({ status: 'critical', summary: expect.stringMatching(summary) });
  });

  test('much YAML is read in another process', async () => {
    const text = Array.from({ length: 4000 }, (_, i) => `- name: item ${i}\n`).join('');
    expect(text.length).toBeGreaterThan(64 * 1024);
    let turns = 0;
    const ticking = setInterval(() => turns++, 10);
    onTestFinished(() => clearInterval(ticking));
    expect((await probe(written(text), { parses_as: 'yaml' })).status).toBe('ok');
    expect(turns).toBeGreaterThan(3);
    expect(await probe(written(`${text}x: [\n`), { parses_as: 'yaml' })).toMatchObject({
      status: 'critical',
      summary: expect.stringContaining('is no YAML: '),
    });
  });

  test('more than 8 MiB is not parsed: unknown', async () => {
    const path = written('[]');
    truncateSync(path, 8 * 1024 * 1024 + 1);
    expect(await probe(path, { parses_as: 'json' })).toMatchObject({
      status: 'unknown',
      summary: expect.stringContaining('longer than the 8388608 bytes'),
    });
  });

  test('nested so deep that it cannot be told: unknown', async () => {
    const path = written('['.repeat(200_000));
    expect((await probe(path, { parses_as: 'yaml' })).status).not.toBe('ok');
    const toml = await probe(written(`a = ${'['.repeat(3000)}1${']'.repeat(3000)}\n`), { parses_as: 'toml' });
    expect(toml.status).not.toBe('ok');
  });
});

test.skipIf(process.getuid?.() !== 0)('unknown for an account that may not look (needs root)', async () => {
  const dir = tempDir();
  const program = join(tempDir(), 'main.cjs');
  buildSync({
    stdin: {
      contents: `import { systemClock } from './src/core/host/clock.js';
        import { probeFile } from './src/healing/checks/file-check.js';
        probeFile(JSON.parse(process.argv[2]), systemClock).then((found) => process.stdout.write(JSON.stringify(found)));`,
      resolveDir: process.cwd(),
      loader: 'ts',
    },
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
  });
  chmodSync(join(program, '..'), 0o755);
  const asNobody = (spec: object) => {
    const options = { cwd: '/', encoding: 'utf8', uid: 65_534, gid: 65_534 } as const;
    return JSON.parse(spawnSync(process.execPath, [program, JSON.stringify(spec)], options).stdout);
  };
  const path = join(dir, 'secret');
  writeFileSync(path, 'hello', { mode: 0o600 });
  chmodSync(dir, 0o755);
  expect(asNobody({ path, exists: true, size_above: 1 })).toMatchObject({ status: 'ok' });
  expect(asNobody({ path, exists: true, contains: 'hello' })).toEqual({
    status: 'unknown',
    summary: `the check cannot run: ${path}: permission is denied`,
  });
  expect(asNobody({ path, exists: true, parses_as: 'json' })).toMatchObject({ status: 'unknown' });
  chmodSync(dir, 0o700);
  expect(asNobody({ path, exists: true })).toMatchObject({ status: 'unknown' });
  expect(asNobody({ path, exists: false })).toMatchObject({ status: 'unknown' });
  expect(readdirSync(dir)).toEqual(['secret']);
});

test('takes what grace.yaml says', async () => {
  const path = written('a: 1\n');
  const { file } = checkSchema.parse({ file: { path, newer_than: '1h', size_below: '1KiB', parses_as: 'yaml' } });
  expect(file && (await probeFile(file, systemClock)).status).toBe('ok');
});
