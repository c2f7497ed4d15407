import { spawnSync } from 'node:child_process';
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
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { parseAddCheckpoint } from '../../src/core/audit/add-checkpoint.js';
import { parseCheckpoint } from '../../src/core/audit/checkpoint.js';
import { leafHash } from '../../src/core/audit/hash.js';
import { formatVerifierKey, newSigningKey } from '../../src/core/audit/keys.js';
import { parseTlogProof, type TlogProof, verifyTlogProof } from '../../src/core/audit/tlog-proof.js';
import { MTH, PATH, PROOF } from '../core/audit/reference-tree.js';
import { type CliRun, dropRegistry, grace, isSentence, linesOf, RAW_CONTROL } from '../support/cli.js';
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

/** Old lines, and then the adoption: two full tiles and a partial one. Tests that change something take a copy. */
const OLD = 600;
const at = mkdtempSync(join(tmpdir(), 'grace-test-'));
let sealed: SealedLogs;
let leaves: Buffer[];
beforeAll(async () => {
  sealed = await sealedLogs(OLD, 2, at);
  leaves = auditLines(sealed.logs);
});
afterAll(() => rmSync(at, { recursive: true, force: true }));

const audit = (logs: string) => join(logs, 'immutable_audit.jsonl');
const prove = (logs: string, what: string | number, ...words: string[]) =>
  grace(['evidence', 'prove', String(what), '--logs', logs, ...words]);

function proofOf(text: string): TlogProof {
  const parsed = parseTlogProof(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.proof;
}

/** Refused with this code and exit code, in a sentence, and nothing was written. */
function expectRefused(run: CliRun, code: string, exit: number): void {
  expect([codeOf(run), run.code, run.stdout]).toEqual([code, exit, '']);
  expect(isSentence(run.stderr), run.stderr).toBe(true);
  expect(run.stderr).toMatch(/^grace: hint: ./m);
  expect(RAW_CONTROL.test(run.stderr)).toBe(false);
}

describe('grace evidence prove', () => {
  it.each([1, 2, 3, 4, 255, 256, 257, 512, 513, 600, 601, 602, 603])('line %i: the proof of RFC 6962', async (n) => {
    const { code, stdout, stderr } = await prove(sealed.logs, n);
    expect(code, stderr).toBe(0);
    const proof = proofOf(stdout);
    expect(proof.index).toBe(n - 1);
    expect(proof.checkpointNote).toBe(newestNote(sealed.logs));
    expect(proof.hashes.map((hash) => hash.toString('hex'))).toEqual(
      PATH(n - 1, leaves).map((hash) => hash.toString('hex')),
    );
    const verifierKeys = verifierKeysOf(sealed.logs);
    const leaf = leafHash(leaves[n - 1] ?? Buffer.alloc(0));
    const verdict = verifyTlogProof({ proof, leaf, verifierKeys });
    expect(verdict).toMatchObject({ ok: true, checkpoint: { size: leaves.length, root: MTH(leaves) } });
    for (const other of [n - 2, n, 300]) {
      const line = leaves[other];
      if (line === undefined || other === n - 1) continue;
      expect(verifyTlogProof({ proof, leaf: leafHash(line), verifierKeys }).ok, `for line ${other + 1}`).toBe(false);
    }
  });

  it('by the id of an entry: the proof and the line, for a stranger', async () => {
    const out = join(tempDir(), 'proof');
    const line = leaves.at(-1) ?? Buffer.alloc(0);
    const { entry_id } = JSON.parse(line.toString()) as { entry_id: string };
    const run = await prove(sealed.logs, entry_id, '--out', out);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/^PROVED: line 603 is in the log of 603 lines that \S+ signed for\n/);
    expect(readFileSync(`${out}.entry`)).toEqual(line);
    expect(proofOf(readFileSync(out, 'utf8')).index).toBe(602);
    expect(existsSync(`${out}.incident`)).toBe(false);
  });

  it('by the id of an incident: the entry that vouches for its last snapshot, and that snapshot', async () => {
    const logs = copyOf(sealed.logs);
    const id = sealed.incidents[0] ?? '';
    await grace([
      ...['trigger', 'incident', '--failure-mode', 'disk_full', '--ref', 'ref-0'],
      '--status',
      'resolved',
      '--logs',
      logs,
    ]);
    const out = join(tempDir(), 'proof');
    const run = await prove(logs, id, '--out', out);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const snapshot = linesOf(join(logs, 'incidents.jsonl')).at(-1) ?? '';
    expect(JSON.parse(snapshot)).toMatchObject({ incident_id: id, status: 'resolved' });
    expect(readFileSync(`${out}.incident`, 'utf8')).toBe(snapshot);
    const entry = JSON.parse(readFileSync(`${out}.entry`, 'utf8'));
    expect(entry).toMatchObject({
      action: 'incident_snapshot',
      resource: id,
      metadata: { length: Buffer.byteLength(snapshot), sha256: sha(snapshot) },
    });
    const { doc } = await json(logs, id);
    expect(doc.incident).toEqual({
      incident_id: id,
      offset: entry.metadata.offset,
      length: entry.metadata.length,
      sha256: entry.metadata.sha256,
      text: snapshot,
      text_base64: null,
    });
  });

  it('to standard output: the proof and nothing else; the line is told beside it', async () => {
    const run = await prove(sealed.logs, sealed.incidents[1] ?? '');
    expect(proofOf(run.stdout).index).toBe(602);
    expect(run.stderr).toContain(`grace: note: the line: ${leaves[602]}\n`);
    expect(run.stderr).toContain("grace: note: the incident's line: {");
    expect(run.stderr).not.toContain('grace: error');
  });

  it('--json', async () => {
    const { doc } = await json(sealed.logs, 602);
    const [key] = verifierKeysOf(sealed.logs);
    if (!key) throw new Error('no key');
    expect(doc).toEqual({
      schema: 'grace.proof/1',
      logs: sealed.logs,
      origin: key.name,
      size: 603,
      root: MTH(leaves).toString('base64'),
      line: 602,
      index: 601,
      entry_id: expect.stringMatching(/^log_602_/),
      own: true,
      entry: leaves[601]?.toString(),
      entry_base64: null,
      leaf_sha256: leafHash(leaves[601] ?? Buffer.alloc(0)).toString('hex'),
      proof: (await prove(sealed.logs, 602)).stdout,
      vkey: formatVerifierKey(key),
      file: null,
      incident: null,
    });
  });

  it('of a line that is no entry, by its number; of one that is no text, as base64', async () => {
    const logs = join(tempDir(), 'logs');
    mkdirSync(logs, { mode: 0o750 });
    writeFileSync(audit(logs), Buffer.from('6f6b0a0aff000a', 'hex'), { mode: 0o640 });
    await report(logs, 'a');
    expect((await json(logs, 1)).doc).toMatchObject({ entry: 'ok', entry_base64: null, entry_id: null });
    expect((await json(logs, 2)).doc).toMatchObject({ entry: '', entry_id: null });
    expect((await json(logs, 3)).doc).toMatchObject({ entry: null, entry_base64: '/wA=' });
    const run = await prove(logs, 3);
    expect(RAW_CONTROL.test(run.stderr)).toBe(false);
  });

  it('of lines on either side of a rotation, and of an incident whose file was renamed', async () => {
    const logs = copyOf(sealed.logs);
    for (const name of ['immutable_audit.jsonl', 'incidents.jsonl'])
      renameSync(join(logs, name), join(logs, `${name}.1`));
    const id = await report(logs, 'after');
    const lines = auditLines(logs);
    for (const n of [1, 600, 603, 604, lines.length]) {
      expect((await json(logs, n)).doc.entry ?? '').toBe(lines[n - 1]?.toString());
    }
    for (const one of [sealed.incidents[0] ?? '', id]) {
      expect((await json(logs, one)).doc.incident).toMatchObject({
        incident_id: one,
        text: expect.stringContaining(one),
      });
    }
    rmSync(join(logs, 'immutable_audit.jsonl.1'));
    expectRefused(await prove(logs, 5), 'GRACE_LINE_ABSENT', 10);
    expect((await json(logs, lines.length)).doc.entry).toBe(lines.at(-1)?.toString());
  });

  it('changes nothing in a directory that may not be written in', async () => {
    const logs = copyOf(sealed.logs);
    chmodSync(logs, 0o550);
    const before = fingerprintOf(logs);
    expect((await prove(logs, 17)).code).toBe(0);
    expect((await grace(['evidence', 'checkpoint', '--since', '5', '--logs', logs])).code).toBe(0);
    expect(fingerprintOf(logs)).toEqual(before);
    chmodSync(logs, 0o750);
  });

  it('prints commands that hold, with any name of a file', async () => {
    const cwd = tempDir();
    const out = "-it's; $(touch PWNED) é\n# x";
    const run = await grace(['evidence', 'prove', sealed.incidents[0] ?? '', `--out=${out}`, '--logs', sealed.logs], {
      cwd,
    });
    expect(run.code, run.stderr).toBe(0);
    expect(RAW_CONTROL.test(run.stdout)).toBe(false);
    const [, told = ''] = run.stdout.split('without grace:\n');
    const commands = told.split('\n').filter((line) => !line.trimStart().startsWith('./verify '));
    const typed = spawnSync('bash', ['-eu', '-o', 'pipefail', '-c', commands.join('\n')], { cwd, encoding: 'utf8' });
    expect([typed.status, typed.stderr]).toEqual([0, '']);
    const leaf = leafHash(readFileSync(join(cwd, `${out}.entry`))).toString('hex');
    const incident = sha(readFileSync(join(cwd, `${out}.incident`)));
    expect(typed.stdout).toBe(`Signature Verified Successfully\n${leaf}  -\n${incident}  -\n1\n`);
    for (const hash of [leaf, incident]) expect(told).toContain(`   # ${hash}\n`);
    expect(existsSync(join(cwd, 'PWNED'))).toBe(false);
    expect(readdirSync(cwd)).toHaveLength(6);
  });
});

describe('grace evidence prove refuses', () => {
  /** A place in the middle of line 300, far from the ends by which the registry would know a changed file. */
  const within = (logs: string) => placeOf(audit(logs), '"r300"') + 2;

  it.each(['as it was read', 'read anew'])('a line that was changed, the registry %s', async (registry) => {
    const logs = copyOf(sealed.logs);
    await grace(['registry', 'sync', '--logs', logs]);
    flipBit(audit(logs), within(logs));
    if (registry === 'read anew') dropRegistry(logs);
    const out = join(tempDir(), 'proof');
    const run = await prove(logs, 300, '--out', out);
    expectRefused(run, 'GRACE_LINE_CHANGED', 12);
    expect(run.stderr).toContain(`${audit(logs)}:300: `);
    expect(run.stderr).toContain(leafHash(leaves[299] ?? Buffer.alloc(0)).toString('hex'));
    expect(run.stderr).toContain(leafHash(auditLines(logs)[299] ?? Buffer.alloc(0)).toString('hex'));
    expect(existsSync(out) || existsSync(`${out}.entry`)).toBe(false);
    // Each line has a proof of its own.
    expect((await prove(logs, 301)).code).toBe(0);
  });

  it.each([
    ['inserted', (text: string) => text.replace(/^(.*"r299".*\n)/m, '$1{"entry_id":"x"}\n'), 300],
    ['deleted', (text: string) => text.replace(/^.*"r300".*\n/m, ''), 300],
    ['swapped', (text: string) => text.replace(/^(.*"r300".*\n)(.*\n)/m, '$2$1'), 301],
    ['split in two', (text: string) => text.replace('"r300",', '"r300",\n'), 300],
  ])('where a line was %s', async (_what, change, line) => {
    const logs = copyOf(sealed.logs);
    const before = readFileSync(audit(logs), 'utf8');
    const after = change(before);
    expect(after).not.toBe(before);
    writeFileSync(audit(logs), after);
    dropRegistry(logs);
    expectRefused(await prove(logs, line), 'GRACE_LINE_CHANGED', 12);
  });

  it.each([
    ["the line's own hash", 'tile/0/001', (300 - 256 - 1) * 32],
    ['the hash of another line, on the way to the root', 'tile/0/001', 0],
    ['a byte too few', 'tile/0/001', 'cut'],
    ['a tile that is gone', 'tile/0/001', 'gone'],
    ['an upper hash', 'frontier', 25],
    ['no list of upper hashes', 'frontier', 'gone'],
    ['the hashes since the last full tile', 'leaves.2', 40],
    ['no hashes since the last full tile', 'leaves.2', 'gone'],
  ])('damaged hashes: %s', async (_what, name, how) => {
    const logs = copyOf(sealed.logs);
    const path = sidecar(logs, name);
    if (how === 'gone') rmSync(path);
    else if (how === 'cut') truncateSync(path, 8191);
    else flipBit(path, how as number);
    const run = await prove(logs, 300);
    expectRefused(run, 'GRACE_TILES_DAMAGED', 12);
  });

  it('a note that is not by the key, and a seal that is half gone', async () => {
    const another = newSigningKey(verifierKeysOf(sealed.logs)[0]?.name ?? '', Buffer.alloc(32, 7));
    const cases: [string, (logs: string) => void, string, number][] = [
      [
        'another key',
        (logs) => writeFileSync(sidecar(logs, 'vkey'), `${formatVerifierKey(another)}\n`),
        'GRACE_SEAL_BROKEN',
        12,
      ],
      ['another root', changeRoot, 'GRACE_SEAL_BROKEN', 12],
      ['no key', (logs) => rmSync(sidecar(logs, 'vkey')), 'GRACE_SEAL_BROKEN', 12],
      ['no notes', (logs) => rmSync(sidecar(logs, 'checkpoints')), 'GRACE_NO_SEAL', 10],
      ['no seal', (logs) => rmSync(sidecar(logs), { recursive: true }), 'GRACE_NO_SEAL', 10],
    ];
    for (const [what, change, code, exit] of cases) {
      const logs = copyOf(sealed.logs);
      change(logs);
      for (const words of [['prove', '1'], ['checkpoint'], ['export', '--out', join(tempDir(), 'x')]]) {
        const run = await grace(['evidence', ...words, '--logs', logs]);
        expect([what, words[0], codeOf(run), run.code]).toEqual([what, words[0], code, exit]);
        expect(run.stdout).toBe('');
      }
    }
  });

  it('a line that no note covers yet', async () => {
    const logs = copyOf(sealed.logs);
    appendFileSync(audit(logs), '{"by":"another program"}\n');
    const run = await prove(logs, 604);
    expectRefused(run, 'GRACE_NOT_SEALED', 3);
    await grace(['registry', 'sync', '--logs', logs]);
    expect((await json(logs, 604)).doc.entry).toBe('{"by":"another program"}');
    // Without the key entries are written, and nobody signs for them.
    const env = { XDG_STATE_HOME: tempDir() };
    await grace(['trigger', 'incident', '--failure-mode', 'disk_full', '--logs', logs], { env });
    const last = auditLines(logs).length;
    expectRefused(await prove(logs, last), 'GRACE_NOT_SEALED', 3);
    expectRefused(await prove(logs, last + 1), 'GRACE_NO_SUCH_ENTRY', 10);
  });

  it.each(['as it was read', 'read anew'])('an incident whose line was changed, the registry %s', async (registry) => {
    const logs = copyOf(sealed.logs);
    const incidents = join(logs, 'incidents.jsonl');
    const id = sealed.incidents[0] ?? '';
    await grace(['registry', 'sync', '--logs', logs]);
    flipBit(incidents, placeOf(incidents, '"ref":"ref-0"') + 12);
    if (registry === 'read anew') dropRegistry(logs);
    const out = join(tempDir(), 'proof');
    const run = await prove(logs, id, '--out', out);
    expectRefused(run, 'GRACE_INCIDENT_CHANGED', 12);
    expect(run.stderr).toContain(id);
    expect(existsSync(out)).toBe(false);
    expect((await prove(logs, sealed.incidents[1] ?? '')).code).toBe(0);
  });

  it('what is not there, or is named by several', async () => {
    const { logs } = sealed;
    expectRefused(await prove(logs, 'inc_old'), 'GRACE_NOT_BOUND', 3);
    expectRefused(await prove(logs, 'nothing'), 'GRACE_NO_SUCH_ENTRY', 10);
    expectRefused(await prove(logs, 0), 'GRACE_NO_SUCH_ENTRY', 10);
    expectRefused(await prove(logs, '99999999999999999999'), 'GRACE_NO_SUCH_ENTRY', 10);
    const several = await prove(logs, 'log_3_old');
    expectRefused(several, 'GRACE_AMBIGUOUS', 2);
    expect(several.stderr).toContain('lines 2, 9, 16');
    expectRefused(await prove(logs, '\u001b[31mred\u202e'), 'GRACE_NO_SUCH_ENTRY', 10);
    expectRefused(await prove(join(tempDir(), 'none'), 1), 'GRACE_NO_LOGS', 10);
    expectRefused(await prove(logs, 1, '--out', join(tempDir(), 'no', 'such')), 'GRACE_FILE_NOT_WRITTEN', 3);
    expectRefused(await prove(logs, 1, '--out', tempDir()), 'GRACE_FILE_NOT_WRITTEN', 3);
    expectRefused(await grace(['evidence', 'prove']), 'GRACE_USAGE', 2);
  });
});

describe('grace evidence checkpoint', () => {
  const checkpoint = (logs: string, ...words: string[]) => grace(['evidence', 'checkpoint', '--logs', logs, ...words]);

  it('prints the newest note: three lines and the signature', async () => {
    const run = await checkpoint(sealed.logs);
    expect(run).toMatchObject({ code: 0, stdout: newestNote(sealed.logs), stderr: '' });
    const text = run.stdout.slice(0, run.stdout.indexOf('\n\n') + 1);
    const { name } = verifierKeysOf(sealed.logs)[0] ?? { name: '' };
    expect(parseCheckpoint(text)).toMatchObject({ checkpoint: { origin: name, size: 603, root: MTH(leaves) } });
  });

  it('goes by all notes, not by the copy of the newest', async () => {
    const logs = copyOf(sealed.logs);
    writeFileSync(sidecar(logs, 'checkpoint'), 'not a note');
    expect((await checkpoint(logs)).stdout).toBe(newestNote(sealed.logs));
  });

  it('--export: in the place of what is there', async () => {
    const file = join(tempDir(), 'note');
    writeFileSync(file, `${newestNote(sealed.logs)}an older one, which is longer than the new one by a lot`.repeat(20));
    expect((await checkpoint(sealed.logs, '--export', file)).stdout).toBe(newestNote(sealed.logs));
    expect(readFileSync(file, 'utf8')).toBe(newestNote(sealed.logs));
    expect(readdirSync(join(file, '..'))).toEqual(['note']);
  });

  it('--export: not over what is something else', async () => {
    const file = join(tempDir(), 'web1.vkey');
    writeFileSync(file, 'vm/grace/1+2+3\n');
    const run = await checkpoint(sealed.logs, '--export', file);
    expect(run).toMatchObject({ code: 4, stderr: expect.stringContaining('GRACE_EXPORT_EXISTS') });
    expect(readFileSync(file, 'utf8')).toBe('vm/grace/1+2+3\n');
  });

  it.each([0, 1, 2, 255, 256, 300, 511, 512, 601, 602, 603])(
    '--since %i: add-checkpoint of C2SP tlog-witness',
    async (old) => {
      const { stdout, code } = await checkpoint(sealed.logs, '--since', String(old));
      expect(code).toBe(0);
      const parsed = parseAddCheckpoint(stdout);
      if (!parsed.ok) throw new Error(parsed.reason);
      const proof = old === 0 ? [] : PROOF(old, leaves);
      expect(parsed.request.note).toBe(newestNote(sealed.logs));
      expect([parsed.request.old, ...parsed.request.proof.map(String)]).toEqual([old, ...proof.map(String)]);
      expect(stdout).toBe(
        `old ${old}\n${proof.map((hash) => `${hash.toString('base64')}\n`).join('')}\n${newestNote(sealed.logs)}`,
      );
    },
  );

  it('--since a file that holds an older note, alone or with its proof', async () => {
    const logs = copyOf(sealed.logs);
    const [older, since] = [join(tempDir(), 'older'), join(tempDir(), 'since')];
    await checkpoint(logs, '--export', older);
    await checkpoint(logs, '--since', '17', '--export', since);
    await report(logs, 'more');
    const { stdout } = await checkpoint(logs, '--since', '603');
    expect(stdout).toMatch(/^old 603\n/);
    expect((await checkpoint(logs, '--since', older)).stdout).toBe(stdout);
    expect((await checkpoint(logs, '--since', since)).stdout).toBe(stdout);
    const run = await checkpoint(logs, '--since', older, '--json');
    const newest = parseCheckpoint(`${newestNote(logs).split('\n\n')[0]}\n`);
    expect(JSON.parse(run.stdout)).toEqual({
      schema: 'grace.checkpoint/1',
      logs,
      origin: verifierKeysOf(logs)[0]?.name,
      size: 604,
      root: newest.ok && newest.checkpoint.root.toString('base64'),
      note: newestNote(logs),
      vkey: readFileSync(sidecar(logs, 'vkey'), 'utf8').trim(),
      old: { size: 603, root: MTH(leaves).toString('base64'), proof: stdout.split('\n\n')[0]?.split('\n').slice(1) },
      file: null,
    });
    // The log was put back to what it was, and does not know the newer note.
    await checkpoint(logs, '--export', older);
    expectRefused(await checkpoint(sealed.logs, '--since', older), 'GRACE_LOG_SHRANK', 12);
    const other = copyOf(sealed.logs);
    await report(other, 'another history');
    expectRefused(await checkpoint(other, '--since', older), 'GRACE_LOG_FORKED', 12);
    expectRefused(await checkpoint((await sealedLogs()).logs, '--since', older), 'GRACE_OTHER_KEY', 12);
    flipBit(older, placeOf(older, '\n604\n') + 1);
    expectRefused(await checkpoint(logs, '--since', older), 'GRACE_NOTE_FORGED', 12);
  });

  it('refuses what is no size and no note, with the line', async () => {
    expectRefused(await checkpoint(sealed.logs, '--since', '604'), 'GRACE_USAGE', 2);
    expectRefused(await checkpoint(sealed.logs, '--since', '01'), 'GRACE_INPUT_UNREADABLE', 14);
    expectRefused(await checkpoint(sealed.logs, '--since', tempDir()), 'GRACE_INPUT_UNREADABLE', 14);
    const file = join(tempDir(), 'file\u001b');
    const lines = newestNote(sealed.logs).split('\n');
    for (const [i, bad] of ['', 'x', 'AAAA', 'x', 'x'].entries()) {
      writeFileSync(file, lines.with(i, bad).join('\n'));
      const run = await checkpoint(sealed.logs, '--since', file);
      expectRefused(run, 'GRACE_NOTE_INVALID', 14);
      expect(run.stderr).toContain(`file\\u{1b}:${i + 1}: `);
    }
    writeFileSync(file, `old 1\nAAAA\n\n${newestNote(sealed.logs)}`);
    expect((await checkpoint(sealed.logs, '--since', file)).stderr).toContain('file\\u{1b}:2: ');
  });

  it('makes no proof from damaged hashes', async () => {
    const logs = copyOf(sealed.logs);
    flipBit(sidecar(logs, 'tile/0/000'), 99);
    expectRefused(await checkpoint(logs, '--since', '5'), 'GRACE_TILES_DAMAGED', 12);
    expect((await checkpoint(logs)).code).toBe(0);
  });
});

test('the note of a log that is being written has its proof', async () => {
  const logs = copyOf(sealed.logs);
  const writers = Array.from({ length: 3 }, (_, i) => report(logs, `busy-${i}`));
  const runs: CliRun[] = [];
  for (let i = 0; i < 4; i++)
    runs.push(await prove(logs, 300), await grace(['evidence', 'checkpoint', '--since', '9', '--logs', logs]));
  await Promise.all(writers);
  expect(runs.map(({ code, stderr }) => [code, stderr.replace(/^grace: note: .*\n/gm, '')])).toEqual(
    runs.map(() => [0, '']),
  );
});

/** Has the newest note say another root, in the form of one. */
function changeRoot(logs: string): void {
  const path = sidecar(logs, 'checkpoints');
  const [, , root = ''] = newestNote(logs).split('\n');
  const other = `${root.startsWith('A') ? 'B' : 'A'}${root.slice(1)}`;
  writeFileSync(path, readFileSync(path, 'utf8').replace(root, other));
}

interface ProofDoc {
  readonly entry: string | null;
  readonly incident: { readonly text: string } | null;
}

async function json(logs: string, what: string | number): Promise<{ run: CliRun; doc: ProofDoc }> {
  const run = await prove(logs, what, '--json');
  if (run.code !== 0) throw new Error(run.stderr);
  return { run, doc: JSON.parse(run.stdout) as ProofDoc };
}
