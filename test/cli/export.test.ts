import { spawnSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leafHash } from '../../src/core/audit/hash.js';
import { openCheckpoint } from '../../src/core/audit/signed-checkpoint.js';
import { tilePath, tilesFor } from '../../src/core/audit/tile.js';
import { MTH } from '../core/audit/reference-tree.js';
import { type CliRun, grace, isSentence, linesOf, ROOT, startGrace } from '../support/cli.js';
import {
  codeOf,
  copyOf,
  flipBit,
  newestNote,
  placeOf,
  report,
  type SealedLogs,
  sealedLogs,
} from '../support/proof-logs.js';
import { auditLines, sha, sidecar, verifierKeysOf } from '../support/sealed.js';
import { fingerprintOf, tempDir } from '../support/temp-dir.js';

/** Two full tiles and a partial one. Tests that change something take a copy. */
const OLD = 600;
const at = mkdtempSync(join(tmpdir(), 'grace-test-'));
let sealed: SealedLogs;
beforeAll(async () => {
  sealed = await sealedLogs(OLD, 2, at);
});
afterAll(() => rmSync(at, { recursive: true, force: true }));

const exportTo = (logs: string, out: string, ...words: string[]) =>
  grace(['evidence', 'export', '--out', out, '--logs', logs, ...words]);

interface ExportDoc {
  readonly size: number;
  readonly absent_lines: number;
  readonly unsealed_lines: number;
  readonly unterminated_bytes: number;
}

/** Exports into a directory, and answers it with what was said. */
async function exported(logs: string): Promise<{ dir: string; doc: ExportDoc }> {
  const dir = join(tempDir(), 'evidence');
  const run = await exportTo(logs, dir, '--json');
  if (run.code !== 0) throw new Error(run.stderr);
  return { dir, doc: JSON.parse(run.stdout) as ExportDoc };
}

function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .sort();
}

/** Every file is in the manifest with its hash; the tiles are those of the lines; the note is theirs. */
function expectWhole(dir: string, missing: readonly Buffer[] = []): void {
  const manifest = linesOf(join(dir, 'MANIFEST')).map((line) => line.split('  '));
  expect(manifest.map(([, name]) => name).sort()).toEqual(filesIn(dir).filter((name) => name !== 'MANIFEST'));
  for (const [hash, name = ''] of manifest) expect([name, sha(readFileSync(join(dir, name)))]).toEqual([name, hash]);
  const opened = openCheckpoint(readFileSync(sidecar(dir, 'checkpoint')), verifierKeysOf(dir));
  if (!opened.ok) throw new Error(opened.reason);
  const { size, root } = opened.checkpoint;
  const leaves = [...missing, ...auditLines(dir)].slice(0, size);
  expect(MTH(leaves).toString('hex')).toBe(root.toString('hex'));
  const tiles = filesIn(sidecar(dir)).filter((name) => name.startsWith('tile/'));
  expect(tiles).toEqual([...tilesFor(size)].map(({ level, index, width }) => tilePath(level, index, width)).sort());
  for (const { level, index, width } of tilesFor(size)) {
    const each = 256 ** level;
    const hashes = Array.from({ length: width }, (_, i) =>
      level === 0
        ? leafHash(leaves[index * 256 + i] ?? Buffer.alloc(0))
        : MTH(leaves.slice((index * 256 + i) * each, (index * 256 + i + 1) * each)),
    );
    expect(readFileSync(sidecar(dir, tilePath(level, index, width))).equals(Buffer.concat(hashes))).toBe(true);
  }
}

/** Refused with this code and exit code; neither the archive nor a part of it is left. */
function expectRefused(run: CliRun, folder: string, code: string, exit: number, left: readonly string[] = []): void {
  expect([codeOf(run), run.code, run.stdout], run.stderr).toEqual([code, exit, '']);
  expect(isSentence(run.stderr), run.stderr).toBe(true);
  expect(readdirSync(folder)).toEqual(left);
}

describe('grace evidence export', () => {
  it('writes one archive that has everything, and says how to check it', async () => {
    const folder = tempDir();
    const out = join(folder, 'host:evidence.tar');
    const before = fingerprintOf(sealed.logs);
    const run = await exportTo(sealed.logs, out);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(fingerprintOf(sealed.logs)).toEqual(before);
    expect(readdirSync(folder)).toEqual(['host:evidence.tar']);
    const [, manifest = ''] = /MANIFEST has the SHA-256 ([0-9a-f]{64}): note it elsewhere/.exec(run.stdout) ?? [];

    const unpacked = tempDir();
    expect(spawnSync('tar', ['-xf', '-', '-C', unpacked], { input: readFileSync(out) }).status).toBe(0);
    expect(readdirSync(unpacked)).toEqual(['grace-evidence']);
    const dir = join(unpacked, 'grace-evidence');
    expect(filesIn(dir)).toEqual(
      [
        ...['MANIFEST', 'README.txt', 'immutable_audit.jsonl', 'incidents.jsonl', 'key.pem', 'verify.go'],
        ...['checkpoint', 'checkpoints', 'vkey'].map((name) => `immutable_audit.tlog/${name}`),
        ...['0/000', '0/001', '0/002.p/91', '1/000.p/2'].map((name) => `immutable_audit.tlog/tile/${name}`),
      ].sort(),
    );
    expectWhole(dir);
    expect(sha(readFileSync(join(dir, 'MANIFEST')))).toBe(manifest);
    for (const name of ['immutable_audit.jsonl', 'incidents.jsonl']) {
      expect(readFileSync(join(dir, name)).equals(readFileSync(join(sealed.logs, name)))).toBe(true);
    }
    expect(readFileSync(sidecar(dir, 'checkpoint'), 'utf8')).toBe(newestNote(sealed.logs));
    expect(readFileSync(sidecar(dir, 'checkpoints'))).toEqual(readFileSync(sidecar(sealed.logs, 'checkpoints')));
    expect(readFileSync(join(dir, 'verify.go'))).toEqual(readFileSync(join(ROOT, 'docs/verify/main.go')));
    const [key] = verifierKeysOf(dir);
    const pem = createPublicKey(readFileSync(join(dir, 'key.pem'))).export({ format: 'der', type: 'spki' });
    expect(pem.subarray(-32)).toEqual(key?.publicKey);

    const readme = readFileSync(join(dir, 'README.txt'), 'utf8');
    expect(readme).toContain(`log        ${key?.name}\n`);
    expect(readme).toContain(`signed     603 lines, root ${newestNote(sealed.logs).split('\n')[2]}\n`);
    expect(readme).toMatch(/sealed {5}since \S+Z; 600 lines of the audit log and 1 line of incidents\.jsonl\n/);
    expect(readme).not.toContain('-absent');
  });

  it('or a directory; --json', async () => {
    const dir = join(tempDir(), 'evidence');
    const run = await exportTo(sealed.logs, dir, '--json');
    expectWhole(dir);
    expect(JSON.parse(run.stdout)).toEqual({
      schema: 'grace.export/1',
      logs: sealed.logs,
      file: dir,
      origin: verifierKeysOf(sealed.logs)[0]?.name,
      size: 603,
      root: newestNote(sealed.logs).split('\n')[2],
      adopted: { at: expect.stringMatching(/Z$/), lines: 600, incident_lines: 1 },
      absent_lines: 0,
      unsealed_lines: 0,
      unterminated_bytes: 0,
      files: filesIn(dir).length - 1,
      bytes: expect.any(Number),
      manifest_sha256: sha(readFileSync(join(dir, 'MANIFEST'))),
      audit_verdict: "INTACT, THIS HOST'S WORD ONLY",
      incident_verdict: 'BOUND',
    });
  });

  it('which is itself a directory of logs, for whoever has grace too', async () => {
    const logs = copyOf(sealed.logs);
    const { dir } = await exported(logs);
    const same = async (...words: string[]) => {
      const [there, here] = [dir, logs].map((at) => grace(['evidence', ...words, '--logs', at]));
      expect([words, await there]).toMatchObject([words, { code: 0, stdout: (await here)?.stdout }]);
    };
    await same('checkpoint', '--since', '300');
    for (const line of ['5', '300', '603']) await same('prove', line);
    const witness = ['--store', join(tempDir(), 'store')];
    expect((await grace(['evidence', 'witness', dir, ...witness])).code).toBe(0);
    await report(logs, 'more');
    const { dir: later } = await exported(logs);
    const run = await grace(['evidence', 'witness', later, ...witness, '--json']);
    expect(JSON.parse(run.stdout)).toMatchObject({ size: 604, before: { size: 603 } });
    await report(dir, 'another history');
    expect(codeOf(await grace(['evidence', 'witness', dir, ...witness]))).toBe('GRACE_LOG_FORKED');
  });

  it('of a log that is being written: whole lines, those that are signed and more', async () => {
    const logs = copyOf(sealed.logs);
    const [exports] = await Promise.all([
      (async () => {
        const all: Awaited<ReturnType<typeof exported>>[] = [];
        for (let i = 0; i < 3; i++) all.push(await exported(logs));
        return all;
      })(),
      ...[1, 2, 3, 4].map((i) => report(logs, `busy-${i}`)),
    ]);
    for (const { dir, doc } of exports) {
      expectWhole(dir);
      expect(auditLines(dir)).toHaveLength(doc.size + doc.unsealed_lines);
      const vouched = auditLines(dir)
        .map((line) => line.toString())
        .filter((line) => line.includes('"incident_snapshot"'));
      const incidents = readFileSync(join(dir, 'incidents.jsonl'));
      for (const line of vouched) {
        const { offset, length, sha256 } = (JSON.parse(line) as { metadata: Record<string, number> }).metadata;
        expect(sha(incidents.subarray(offset, (offset ?? 0) + (length ?? 0)))).toBe(sha256);
      }
    }
  });

  it('leaves out what is no whole line, and says what no note covers', async () => {
    const logs = copyOf(sealed.logs);
    appendFileSync(join(logs, 'immutable_audit.jsonl'), '{"foreign":1}\n{"foreign":2}\ntorn');
    appendFileSync(join(logs, 'incidents.jsonl'), 'torn, too');
    const { dir, doc } = await exported(logs);
    expectWhole(dir);
    expect(doc).toMatchObject({ size: 603, unsealed_lines: 2, unterminated_bytes: 13 });
    const readme = readFileSync(join(dir, 'README.txt'), 'utf8');
    expect(readme).toContain('not sealed the last 2 lines: ');
    expect(readme).toContain('left out   13 bytes ');
    expect(readFileSync(join(dir, 'immutable_audit.jsonl'), 'utf8').endsWith('{"foreign":2}\n')).toBe(true);
  });

  it('has all files of the logs, and only the hashes of those that are gone', async () => {
    const logs = copyOf(sealed.logs);
    const lines = auditLines(logs);
    for (const name of ['immutable_audit.jsonl', 'incidents.jsonl'])
      renameSync(join(logs, name), join(logs, `${name}.1`));
    await report(logs, 'after');
    const { dir } = await exported(logs);
    expectWhole(dir);
    expect(readdirSync(dir).filter((name) => name.endsWith('.1'))).toEqual([
      'immutable_audit.jsonl.1',
      'incidents.jsonl.1',
    ]);
    rmSync(join(logs, 'immutable_audit.jsonl.1'));
    const { dir: partly, doc } = await exported(logs);
    expect(doc.absent_lines).toBe(603);
    expectWhole(partly, lines);
    const readme = readFileSync(join(partly, 'README.txt'), 'utf8');
    expect(readme).toContain('absent     lines 1 to 603: ');
    expect(readme).toContain('../verify -vkey ../log.vkey -absent 603\n');
    expect(readme).toContain('sealed     the entry by which it was sealed is not among the lines that are here\n');
  });

  it('makes the tiles from the lines: damaged ones do not get into it', async () => {
    const logs = copyOf(sealed.logs);
    flipBit(sidecar(logs, 'tile/0/000'), 5);
    rmSync(sidecar(logs, 'frontier'));
    expectWhole((await exported(logs)).dir);
  });

  it('takes along what witnesses have signed', async () => {
    const logs = copyOf(sealed.logs);
    expect((await grace(['evidence', 'witness', logs, '--store', join(tempDir(), 'store')])).code).toBe(0);
    const { dir } = await exported(logs);
    expectWhole(dir);
    expect(readFileSync(sidecar(dir, 'witnessed'))).toEqual(readFileSync(sidecar(logs, 'witnessed')));
  });
});

describe('grace evidence export refuses', () => {
  it('to write over anything', async () => {
    const folder = tempDir();
    writeFileSync(join(folder, 'a.tar'), 'mine');
    mkdirSync(join(folder, 'b'));
    symlinkSync('nowhere', join(folder, 'c.tar'));
    for (const name of ['a.tar', 'b', 'c.tar']) {
      expectRefused(await exportTo(sealed.logs, join(folder, name)), folder, 'GRACE_EXPORT_EXISTS', 4, [
        'a.tar',
        'b',
        'c.tar',
      ]);
    }
    expect(readFileSync(join(folder, 'a.tar'), 'utf8')).toBe('mine');
  });

  it.each(['evidence.tar', 'evidence'])('lines that do not give the signed root: %s', async (name) => {
    const folder = tempDir();
    const logs = copyOf(sealed.logs);
    const audit = join(logs, 'immutable_audit.jsonl');
    flipBit(audit, placeOf(audit, '"r300"') + 2);
    expectRefused(await exportTo(logs, join(folder, name)), folder, 'GRACE_LOG_CHANGED', 12);
    truncateSync(audit, placeOf(audit, '"audit_log_adopted"') - 40);
    expectRefused(await exportTo(logs, join(folder, name)), folder, 'GRACE_LOG_SHRANK', 12);
    rmSync(sidecar(logs), { recursive: true });
    expectRefused(await exportTo(logs, join(folder, name)), folder, 'GRACE_NO_SEAL', 10);
    expectRefused(await exportTo(tempDir(), join(folder, name)), folder, 'GRACE_NO_LOGS', 10);
  });

  it('a host without tar, a tar that fails, a place that is not there', async () => {
    const folder = tempDir();
    const out = join(folder, 'evidence.tar');
    const withTar = (path: string) =>
      grace(['evidence', 'export', '--out', out, '--logs', sealed.logs], { env: { PATH: path } });
    expectRefused(await withTar('/nonexistent'), folder, 'GRACE_NO_TAR', 2);
    const run = await withTar(fakeTar('echo "tar: no space" >&2; exit 2'));
    expectRefused(run, folder, 'GRACE_TAR_FAILED', 3);
    expect(run.stderr).toContain('tar: no space');
    const nowhere = await exportTo(sealed.logs, join(folder, 'no', 'such.tar'));
    expectRefused(nowhere, folder, 'GRACE_FILE_NOT_WRITTEN', 3);
    expect(nowhere.stderr).toContain('its directory does not exist');
    expect(codeOf(await grace(['evidence', 'export']))).toBe('GRACE_USAGE');
  });

  it('to leave anything when it is interrupted', async () => {
    const folder = tempDir();
    const started = join(tempDir(), 'started');
    const env = { PATH: `${fakeTar(`: > ${started}; exec sleep 20`)}:${process.env.PATH}` };
    for (const [signal, exit] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      rmSync(started, { force: true });
      const words = ['evidence', 'export', '--out', join(folder, 'evidence.tar'), '--logs', sealed.logs];
      const running = startGrace(words, { env });
      while (!existsSync(started)) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(readdirSync(folder)).toHaveLength(1);
      running.child.kill(signal);
      const run = await running.ended;
      expect([run.code, run.stdout, run.stderr]).toEqual([exit, '', '']);
      expect(readdirSync(folder)).toEqual([]);
    }
  });
});

/** A directory with a program of that name. */
function fakeTar(script: string): string {
  const bin = tempDir();
  writeFileSync(join(bin, 'tar'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, 'tar'), 0o755);
  return bin;
}
