import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { readNoteInput } from '../../src/cli/note-input.js';
import { parseNotes } from '../../src/core/audit/checkpoint-stream.js';
import { verifyCosignature } from '../../src/core/audit/cosignature.js';
import {
  formatSigningKey,
  formatVerifierKey,
  newSigningKey,
  parseVerifierKey,
  type VerifierKey,
} from '../../src/core/audit/keys.js';
import { type Note, parseNote } from '../../src/core/audit/note.js';
import { openCheckpoint, signCheckpoint } from '../../src/core/audit/signed-checkpoint.js';
import { WitnessStore } from '../../src/core/seal/witness-store.js';
import { lastWitnessed } from '../../src/core/seal/witnessed.js';
import { type CliRun, grace, isSentence, RAW_CONTROL } from '../support/cli.js';
import { withoutStrace } from '../support/fault-tools.js';
import { codeOf, copyOf, flipBit, newestNote, placeOf, report, sealedLogs } from '../support/proof-logs.js';
import { sidecar, verifierKeysOf } from '../support/sealed.js';
import { tempDir } from '../support/temp-dir.js';

/** A witness with a memory of its own. */
class Witness {
  readonly store = join(tempDir(), 'store');

  run(source: string, ...words: string[]): Promise<CliRun> {
    return grace(['evidence', 'witness', source, '--store', this.store, ...words]);
  }

  async json(source: string, ...words: string[]): Promise<WitnessDoc> {
    const run = await this.run(source, '--json', ...words);
    if (run.code !== 0) throw new Error(run.stderr);
    return JSON.parse(run.stdout) as WitnessDoc;
  }

  /** Files of the store that say what was seen. */
  memory(): string {
    const files = existsSync(this.store)
      ? readdirSync(this.store).filter((name) => /^(log-|sources).*(?<!\.new)$/.test(name))
      : [];
    return files.map((name) => `${name}\n${readFileSync(join(this.store, name), 'utf8')}`).join('\n');
  }

  /** Refused with this code and exit code; nothing was signed, and what was seen stays what it was. */
  async refuses(source: string, code: string, exit: number, ...words: string[]): Promise<CliRun> {
    const before = this.memory();
    const out = join(tempDir(), 'out');
    const witnessed = existsSync(sidecar(source, 'witnessed')) ? readFileSync(sidecar(source, 'witnessed')) : null;
    const run = await this.run(source, '--out', out, ...words);
    expect([codeOf(run), run.code, run.stdout], run.stderr).toEqual([code, exit, '']);
    expect(isSentence(run.stderr), run.stderr).toBe(true);
    expect(run.stderr).toMatch(/^grace: hint: ./m);
    expect(RAW_CONTROL.test(run.stderr)).toBe(false);
    expect(this.memory()).toBe(before);
    expect(existsSync(out)).toBe(false);
    expect(existsSync(sidecar(source, 'witnessed')) ? readFileSync(sidecar(source, 'witnessed')) : null).toEqual(
      witnessed,
    );
    return run;
  }
}

interface WitnessDoc {
  readonly size: number;
  readonly note: string;
  readonly cosignatures: readonly { readonly at: string }[];
  readonly witness: { readonly vkey: string; readonly key_file: string; readonly is_new: boolean };
  readonly before: { readonly size: number; readonly at: string } | null;
  readonly trusted_on_first_use: boolean;
  readonly kept_in: string | null;
}

function noteOf(text: string): Note {
  const parsed = parseNote(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.note;
}

function keyOf(vkey: string): VerifierKey {
  const parsed = parseVerifierKey(vkey);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.key;
}

const vkeyFile = (logs: string) => sidecar(logs, 'vkey');
const checkpoint = (logs: string, ...words: string[]) => grace(['evidence', 'checkpoint', '--logs', logs, ...words]);
const accept = (logs: string, file: string, ...words: string[]) =>
  grace(['evidence', 'witness', '--accept', file, '--logs', logs, ...words]);

/** A file with the newest note, and what leads to it from an older size. */
async function exported(logs: string, ...words: string[]): Promise<string> {
  const file = join(tempDir(), 'note');
  expect((await checkpoint(logs, '--export', file, ...words)).code).toBe(0);
  return file;
}

describe('a witness that is shown a directory', () => {
  it('signs the newest note, with a key of its own, and keeps it beside the log', async () => {
    const { logs } = await sealedLogs(0, 2);
    const witness = new Witness();
    const before_s = Math.floor(Date.now() / 1000);
    const run = await witness.run(logs);
    expect(run.code, run.stderr).toBe(0);
    const vkey = readFileSync(vkeyFile(logs), 'utf8').trim();
    const [, own = ''] = /Its public half:\n(\S+)\n/.exec(run.stderr) ?? [];
    expect(run.stderr).toContain(`is seen for the first time, and trusted on its own word. Its public key:\n${vkey}\n`);
    expect(own).toMatch(/^[A-Za-z0-9.-]+\/grace-witness\/[0-9a-f]{16}\+[0-9a-f]{8}\+B[A-Za-z0-9+/]{43}$/);

    expect(run.stdout.startsWith(newestNote(logs))).toBe(true);
    const note = noteOf(run.stdout);
    expect(note.signatures).toHaveLength(2);
    const seen = verifyCosignature(note, keyOf(own));
    expect(seen.ok && seen.timestamp).toBeGreaterThanOrEqual(before_s);
    expect(seen.ok && seen.timestamp).toBeLessThanOrEqual(Date.now() / 1000);
    expect(openCheckpoint(run.stdout, [...verifierKeysOf(logs), keyOf(own)])).toMatchObject({
      ok: true,
      checkpoint: { size: 3 },
      signedBy: { length: 2 },
    });
    expect(readFileSync(sidecar(logs, 'witnessed'), 'utf8')).toBe(run.stdout);
    expect(statSync(witness.store).mode & 0o777).toBe(0o700);
    expect(statSync(join(witness.store, 'witness.key')).mode & 0o777).toBe(0o600);

    expect(lastWitnessed(logs, [keyOf(own)])).toMatchObject({
      checkpoint: { size: 3 },
      witnesses: [{ name: keyOf(own).name, at_s: seen.ok && seen.timestamp, verified: true }],
    });
    expect(lastWitnessed(logs, [])?.witnesses).toMatchObject([{ name: keyOf(own).name, verified: false }]);
    expect((await grace(['evidence', 'audit', '--logs', logs])).code).toBe(0);
  });

  it('signs again what goes on from there, and says since when', async () => {
    const { logs } = await sealedLogs(300, 1);
    const witness = new Witness();
    const first = await witness.json(logs);
    expect(first).toMatchObject({ size: 302, before: null, trusted_on_first_use: true, kept_in: logs });
    expect(first.witness.is_new).toBe(true);
    const again = await witness.json(logs);
    expect(again).toMatchObject({ size: 302, before: { size: 302 }, trusted_on_first_use: false });
    expect(again.witness).toMatchObject({ is_new: false, vkey: first.witness.vkey });
    for (let i = 0; i < 3; i++) await report(logs, `more-${i}`);
    const out = join(tempDir(), 'cosigned');
    const run = await witness.run(logs, '--out', out);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/^WITNESSED: \S+, 305 lines, goes on from the 302 seen at \d{4}-\d\d-\d\dT/);
    const note = noteOf(readFileSync(out, 'utf8'));
    expect(verifyCosignature(note, keyOf(first.witness.vkey)).ok).toBe(true);
    const { notes, strayBytes } = parseNotes(
      readFileSync(sidecar(logs, 'witnessed')),
      verifierKeysOf(logs)[0]?.name ?? '',
    );
    expect([notes.map((one) => one.checkpoint.size), strayBytes]).toEqual([[302, 302, 305], 0]);
  });

  it('--json', async () => {
    const { logs } = await sealedLogs();
    const witness = new Witness();
    const doc = await witness.json(logs);
    const { name, keyId } = keyOf(doc.witness.vkey);
    expect(doc).toEqual({
      schema: 'grace.witness/1',
      action: 'cosigned',
      source: logs,
      origin: verifierKeysOf(logs)[0]?.name,
      size: 2,
      root: newestNote(logs).split('\n')[2],
      cosignatures: [{ name, key_id: keyId.toString('hex'), at: expect.stringMatching(/^\d{4}-.*\.000Z$/) }],
      witness: { vkey: doc.witness.vkey, key_file: join(witness.store, 'witness.key'), is_new: true },
      log_keys: [readFileSync(vkeyFile(logs), 'utf8').trim()],
      trusted_on_first_use: true,
      before: null,
      note: readFileSync(sidecar(logs, 'witnessed'), 'utf8'),
      file: null,
      kept_in: logs,
    });
  });

  it('refuses a log that shrank, and says what it saw and when', async () => {
    const { logs } = await sealedLogs(300, 2);
    const older = copyOf(logs);
    await report(logs, 'more');
    const witness = new Witness();
    const { cosignatures } = await witness.json(logs);
    rmSync(logs, { recursive: true });
    renameSync(older, logs);
    const run = await witness.refuses(logs, 'GRACE_LOG_SHRANK', 12);
    expect(run.stderr).toContain(`shrank: 304 lines were signed for, seen at ${cosignatures[0]?.at}, now it is 303`);
  });

  it('refuses a log that forked, whatever its size', async () => {
    const { logs } = await sealedLogs(300, 1);
    const [same, longer] = [copyOf(logs), copyOf(logs)];
    await report(logs, 'one history');
    await report(same, 'another history');
    for (let i = 0; i < 3; i++) await report(longer, `a third, ${i}`);
    const witness = new Witness();
    await witness.json(logs);
    const root = newestNote(logs).split('\n')[2];
    for (const fork of [same, longer]) {
      const run = await witness.refuses(fork, 'GRACE_LOG_FORKED', 12);
      expect(run.stderr).toContain(`303 lines were signed for with the root ${root}, seen at 20`);
    }
    // Whoever saw only the other one is none the wiser.
    expect((await new Witness().run(same)).code).toBe(0);
    await report(logs, 'going on');
    expect((await witness.json(logs)).before).toMatchObject({ size: 303 });
  });

  it('refuses another log in the place of one that it knows, unless it is given its key', async () => {
    const { logs } = await sealedLogs();
    const { logs: other } = await sealedLogs();
    const witness = new Witness();
    const known = verifierKeysOf(logs)[0]?.name ?? '';
    await witness.json(logs);
    rmSync(logs, { recursive: true });
    renameSync(other, logs);
    const run = await witness.refuses(logs, 'GRACE_OTHER_KEY', 12);
    expect(run.stderr).toContain(`${logs} was the log ${known} of 2 lines at 20`);
    expect((await witness.json(logs, '--vkey', vkeyFile(logs))).trusted_on_first_use).toBe(false);
    expect((await witness.run(logs)).code).toBe(0);
  });

  it('refuses a log that is signed by another key than the one it knows, under the same name', async () => {
    const { logs } = await sealedLogs();
    const witness = new Witness();
    await witness.json(logs);
    const [before] = verifierKeysOf(logs);
    if (!before) throw new Error('no key');
    const forged = newSigningKey(before.name, Buffer.alloc(32, 9));
    const root = Buffer.from(newestNote(logs).split('\n')[2] ?? '', 'base64');
    const note = signCheckpoint({ origin: before.name, size: 2, root }, [forged]);
    writeFileSync(sidecar(logs, 'checkpoints'), note);
    writeFileSync(vkeyFile(logs), `${formatVerifierKey(forged)}\n`);
    await witness.refuses(logs, 'GRACE_OTHER_KEY', 12);
    await witness.refuses(logs, 'GRACE_OTHER_KEY', 12, '--vkey', vkeyFile(logs));
    // The key was replaced, and both are given by somebody who knows.
    const both = join(tempDir(), 'both');
    writeFileSync(both, `${formatVerifierKey(before)}\n${formatVerifierKey(forged)}\n`);
    expect((await witness.run(logs, '--vkey', both)).code).toBe(0);
    expect((await witness.run(logs)).code).toBe(0);
  });

  it('is told of a key that replaces the other, and goes by it only when somebody gives it', async () => {
    const { logs } = await sealedLogs();
    const witness = new Witness();
    await witness.json(logs);
    expect((await grace(['evidence', 'witness', '--rekey', '--logs', logs])).code).toBe(0);
    const [former, next] = verifierKeysOf(logs);
    if (!former || !next) throw new Error('one key only');
    // The note of that moment is signed by both.
    const run = await witness.run(logs);
    expect([run.code, noteOf(run.stdout).signatures.length]).toEqual([0, 2]);
    expect(run.stderr).toContain(
      `names another key, too, which this witness does not know: ${formatVerifierKey(next)}\n`,
    );
    await report(logs, 'under the next key');
    const refused = await witness.refuses(logs, 'GRACE_OTHER_KEY', 12);
    expect(refused.stderr).toContain(
      `grace: hint: grace evidence witness --vkey FILE ${logs}   # if its key was replaced`,
    );
    const given = await witness.run(logs, '--vkey', vkeyFile(logs));
    expect([given.code, given.stderr]).toEqual([0, '']);
    expect((await witness.run(logs)).code).toBe(0);
  });

  it('refuses damaged hashes as such, not as a fork', async () => {
    const { logs } = await sealedLogs(300, 1);
    const witness = new Witness();
    await witness.json(logs);
    await report(logs, 'more');
    flipBit(sidecar(logs, 'frontier'), 25);
    await witness.refuses(logs, 'GRACE_TILES_DAMAGED', 12);
  });

  it("leaves a directory alone that is not this account's to write in", async () => {
    const { logs } = await sealedLogs();
    chmodSync(logs, 0o550);
    const run = await new Witness().run(logs);
    chmodSync(logs, 0o750);
    expect(run.code).toBe(0);
    expect(noteOf(run.stdout).signatures).toHaveLength(2);
    expect(run.stderr).toContain(`grace: hint: grace evidence witness --accept FILE --logs ${logs}\n`);
    expect(existsSync(sidecar(logs, 'witnessed'))).toBe(false);
  });

  it('is not taken in by a first note that nobody signed', async () => {
    const { logs } = await sealedLogs();
    const witness = new Witness();
    flipBit(sidecar(logs, 'checkpoints'), placeOf(sidecar(logs, 'checkpoints'), '\n2\n') + 1);
    await witness.refuses(logs, 'GRACE_NOTE_FORGED', 12);
    await witness.refuses(join(tempDir(), 'none'), 'GRACE_NO_LOGS', 10);
    await witness.refuses(tempDir(), 'GRACE_NO_SEAL', 10);
  });
});

describe('a witness that is shown a file', () => {
  it('wants the key first, and later the proof that the log goes on', async () => {
    const { logs } = await sealedLogs(300, 1);
    const witness = new Witness();
    const file = await exported(logs);
    const first = await witness.refuses(file, 'GRACE_WITNESS_NEEDS_KEY', 2);
    expect(first.stderr).toContain('--vkey FILE');
    expect((await witness.json(file, '--vkey', vkeyFile(logs))).trusted_on_first_use).toBe(false);
    expect((await witness.json(file)).before).toMatchObject({ size: 302 });

    await report(logs, 'more');
    const bare = await exported(logs);
    const run = await witness.refuses(bare, 'GRACE_WITNESS_NEEDS_PROOF', 2);
    const [, since = ''] =
      /^grace: hint: grace evidence checkpoint --since (\d+) --export FILE/m.exec(run.stderr) ?? [];
    expect(since).toBe('302');
    await witness.refuses(await exported(logs, '--since', '301'), 'GRACE_WITNESS_NEEDS_PROOF', 2);
    await witness.refuses(await exported(logs, '--since', '0'), 'GRACE_WITNESS_NEEDS_PROOF', 2);
    const proof = await exported(logs, '--since', since);
    expect(await witness.json(proof)).toMatchObject({ size: 303, before: { size: 302 }, kept_in: null });
    // An older note is what a log looks like that was rolled back.
    await witness.refuses(file, 'GRACE_LOG_SHRANK', 12);
  });

  it('refuses a proof that does not hold, and a note that was touched', async () => {
    const { logs } = await sealedLogs(300, 1);
    const witness = new Witness();
    await witness.json(await exported(logs), '--vkey', vkeyFile(logs));
    const fork = copyOf(logs);
    await report(logs, 'more');
    await report(fork, 'another');
    await report(fork, 'history');
    const file = await exported(logs, '--since', '302');
    const text = readFileSync(file, 'utf8');
    const [, hash = ''] = text.split('\n');
    const touched = join(tempDir(), 'touched');
    const swapped = `${hash.startsWith('A') ? 'B' : 'A'}${hash.slice(1)}`;
    writeFileSync(touched, text.replace(hash, swapped));
    await witness.refuses(touched, 'GRACE_LOG_FORKED', 12);
    writeFileSync(touched, text.replace(`${hash}\n`, ''));
    await witness.refuses(touched, 'GRACE_LOG_FORKED', 12);
    writeFileSync(touched, text.replace('\n303\n', '\n304\n'));
    await witness.refuses(touched, 'GRACE_NOTE_FORGED', 12);
    writeFileSync(touched, text.replace(/^— \S+ /m, `— ${'x'.repeat(8)} `));
    await witness.refuses(touched, 'GRACE_OTHER_KEY', 12);
    await witness.refuses(await exported((await sealedLogs()).logs), 'GRACE_WITNESS_NEEDS_KEY', 2);
    await witness.refuses(file, 'GRACE_OTHER_KEY', 12, '--vkey', vkeyFile((await sealedLogs()).logs));
    expect((await witness.run(file)).code).toBe(0);
    await witness.refuses(await exported(fork, '--since', '303'), 'GRACE_LOG_FORKED', 12);
  });

  it('refuses a note that was cut, at whichever byte', async () => {
    const { logs } = await sealedLogs(5, 1);
    const witness = new Witness();
    const whole = readFileSync(await exported(logs, '--since', '3'));
    const file = join(tempDir(), 'cut');
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(file, whole.subarray(0, length));
      let code: unknown;
      try {
        readNoteInput({ cwd: '/' }, file);
      } catch (error) {
        ({ code } = error as { code: unknown });
        expect((error as Error).message).toMatch(/cut:\d+: this is no signed note: ./);
      }
      expect([length, code]).toEqual([length, 'GRACE_NOTE_INVALID']);
      if (length % 97 === 0) await witness.refuses(file, 'GRACE_NOTE_INVALID', 14, '--vkey', vkeyFile(logs));
    }
  });

  it('refuses what is no note and no key, with the line, and shows names without what a terminal would obey', async () => {
    const { logs } = await sealedLogs();
    const witness = new Witness();
    const dir = join(tempDir(), 'd\u001b[31m\u202e\n');
    mkdirSync(dir);
    const file = join(dir, 'note');
    const cases: [string, string, string, number][] = [
      ['', ':1: ', 'GRACE_NOTE_INVALID', 14],
      ['\u0000'.repeat(500), ':1: ', 'GRACE_NOTE_INVALID', 14],
      [newestNote(logs).replace('\n2\n', '\n02\n'), ':2: ', 'GRACE_NOTE_INVALID', 14],
      [newestNote(logs).replace('\n\n', '\nmore\n\n'), ':4: ', 'GRACE_NOTE_INVALID', 14],
      [`old 1\n\n${newestNote(logs).replace('\n2\n', '\n02\n')}`, ':4: ', 'GRACE_NOTE_INVALID', 14],
      [`old 1\n${'x\n'.repeat(3)}\n`, ':2: ', 'GRACE_NOTE_INVALID', 14],
      ['x'.repeat(2_000_001), ':1: ', 'GRACE_NOTE_INVALID', 14],
    ];
    for (const [text, place, code, exit] of cases) {
      writeFileSync(file, text);
      const run = await witness.refuses(file, code, exit, '--vkey', vkeyFile(logs));
      expect(run.stderr).toContain(`note${place}`);
    }
    const keys = join(dir, 'keys');
    for (const [text, line] of [
      ['', 1],
      ['\n\nx', 3],
      [`${readFileSync(vkeyFile(logs), 'utf8')}a+b+c\n`, 2],
    ] as const) {
      writeFileSync(keys, text);
      const run = await witness.refuses(logs, 'GRACE_VKEY_INVALID', 14, '--vkey', keys);
      expect(run.stderr).toContain(`keys:${line}: `);
    }
    await witness.refuses(logs, 'GRACE_INPUT_UNREADABLE', 14, '--vkey', join(dir, 'none'));
    const odd = newSigningKey('host\u009b31m\u202e/grace/x', Buffer.alloc(32, 3));
    writeFileSync(file, signCheckpoint({ origin: odd.name, size: 0, root: Buffer.alloc(32) }, [odd]));
    await witness.refuses(file, 'GRACE_WITNESS_NEEDS_KEY', 2);
  });
});

describe('what a witness remembers', () => {
  it('is on the disk before the signature is given', async () => {
    const { logs } = await sealedLogs();
    const witness = new Witness();
    // Standard output is full: the signature is lost, and counts as given.
    const shell = ['sh', '-c', 'exec "$@" >/dev/full', 'sh'];
    const run = await grace(['evidence', 'witness', logs, '--store', witness.store], { under: shell });
    expect([run.code, codeOf(run)]).toEqual([3, 'GRACE_OUTPUT_LOST']);
    expect((await witness.json(logs)).before).toMatchObject({ size: 2 });
  });

  const strace = withoutStrace();
  it.skipIf(strace !== undefined)('survives a kill, before which nothing was signed', async () => {
    const { logs } = await sealedLogs(0, 1);
    const fork = copyOf(logs);
    await report(logs, 'one history');
    await report(fork, 'another');
    const trace = join(tempDir(), 'trace');
    const traced = (store: string, ...more: string[]) =>
      grace(['evidence', 'witness', logs, '--store', store], {
        under: ['strace', '-f', '-qq', '-o', trace, '-e', 'trace=fsync,rename', ...more],
      });
    const kill = (call: string, when: number) => ['-e', `inject=${call}:signal=KILL:when=${when}`];
    expect((await traced(new Witness().store)).code).toBe(0);
    rmSync(sidecar(logs, 'witnessed'));
    const calls = readFileSync(trace, 'utf8')
      .split('\n')
      .map((line) => /(fsync|rename)\((.*)/.exec(line));
    const renames = calls.filter((call) => call?.[1] === 'rename');
    const kept = calls.indexOf(renames.find((call) => call?.[2]?.includes('/store/log-')) ?? null);
    expect(calls[kept - 1]?.[1], 'the file is on the disk before it has its name').toBe('fsync');
    expect(calls[kept + 1]?.[1], 'and its name before anything else happens').toBe('fsync');
    const fsyncs = calls.slice(0, kept).filter((call) => call?.[1] === 'fsync').length;

    // Killed when the call is entered: once before what was seen has its name, once after.
    const before = new Witness();
    const early = await traced(before.store, ...kill('rename', renames.indexOf(calls[kept] ?? null) + 1));
    expect([early.code === 0, early.stdout]).toEqual([false, '']);
    expect(before.memory()).not.toContain('\n3\n');
    expect((await before.run(fork)).code).toBe(0);

    const after = new Witness();
    const late = await traced(after.store, ...kill('fsync', fsyncs + 1));
    expect([late.code === 0, late.stdout]).toEqual([false, '']);
    expect(after.memory()).toContain('\n3\n');
    expect(existsSync(sidecar(logs, 'witnessed'))).toBe(false);
    await after.refuses(fork, 'GRACE_LOG_FORKED', 12);
    expect((await after.json(logs)).before).toMatchObject({ size: 3 });
  });

  it('is of one history, however many ask at once', async () => {
    const { logs } = await sealedLogs(0, 1);
    const fork = copyOf(logs);
    await report(logs, 'one history');
    await report(fork, 'another');
    const witness = new Witness();
    const runs = await Promise.all(Array.from({ length: 8 }, (_, i) => witness.run(i % 2 === 0 ? logs : fork)));
    const signed = runs.filter(({ code }) => code === 0);
    expect(signed.length).toBeGreaterThanOrEqual(4);
    expect(new Set(signed.map(({ stdout }) => noteOf(stdout).text)).size).toBe(1);
    expect(new Set(runs.filter(({ code }) => code !== 0).map(codeOf))).toEqual(new Set(['GRACE_LOG_FORKED']));
  });

  it('of a log that grows meanwhile never looks like one that shrank', async () => {
    const { logs } = await sealedLogs();
    const witness = new Witness();
    const [runs] = await Promise.all([
      Promise.all(Array.from({ length: 6 }, () => witness.run(logs))),
      ...[1, 2, 3].map((i) => report(logs, `busy-${i}`)),
    ]);
    expect(runs.map(({ code, stderr }) => [code, codeOf({ stderr })])).toEqual(runs.map(() => [0, undefined]));
  });

  it('is not believed when it is damaged, at whichever byte', async () => {
    const { logs } = await sealedLogs();
    const witness = new Witness();
    await witness.json(logs);
    const [name = ''] = readdirSync(witness.store).filter((file) => file.startsWith('log-'));
    const path = join(witness.store, name);
    const whole = readFileSync(path);
    const origin = verifierKeysOf(logs)[0]?.name ?? '';
    const store = WitnessStore.open(witness.store);
    expect(store.log(origin)?.checkpoint.size).toBe(2);
    // Up to the signature of the log; what follows is the witness's own.
    const end = whole.indexOf('\n— ', whole.indexOf('\n— ') + 1);
    for (let at = 0; at < end; at++) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 0x01;
      writeFileSync(path, bytes);
      expect(() => store.log(origin), `byte ${at}`).toThrowError(/what the witness remembers is damaged/);
    }
    for (let length = 0; length < end; length += 7) {
      writeFileSync(path, whole.subarray(0, length));
      expect(() => store.log(origin), `${length} bytes`).toThrowError(/what the witness remembers is damaged/);
    }
    await witness.refuses(logs, 'GRACE_STORE_DAMAGED', 14);
    writeFileSync(path, whole);
    appendFileSync(join(witness.store, 'sources.jsonl'), 'x\n');
    await witness.refuses(logs, 'GRACE_STORE_DAMAGED', 14);
  });

  it("is this account's alone", async () => {
    const { logs } = await sealedLogs();
    const witness = new Witness();
    mkdirSync(witness.store);
    chmodSync(witness.store, 0o777);
    await witness.refuses(logs, 'GRACE_STORE_REFUSED', 4);
    chmodSync(witness.store, 0o700);
    const key = join(witness.store, 'witness.key');
    writeFileSync(key, 'PRIVATE+KEY+nonsense\n', { mode: 0o600 });
    await witness.refuses(logs, 'GRACE_KEY_INVALID', 2);
    writeFileSync(key, `${formatSigningKey(newSigningKey('a-log', Buffer.alloc(32)))}\n`);
    await witness.refuses(logs, 'GRACE_KEY_INVALID', 2);
    chmodSync(key, 0o644);
    await witness.refuses(logs, 'GRACE_KEY_REFUSED', 4);
    rmSync(key);
    const elsewhere = join(tempDir(), 'my.key');
    const { witness: made } = await witness.json(logs, '--witness-key', elsewhere);
    expect(made.key_file).toBe(elsewhere);
    expect(existsSync(key)).toBe(false);
  });

  it('lies in the state directory, unless it is said where', async () => {
    const { logs } = await sealedLogs();
    const env = { XDG_STATE_HOME: tempDir() };
    expect((await grace(['evidence', 'witness', logs], { env })).code).toBe(0);
    expect(readdirSync(join(env.XDG_STATE_HOME, 'grace/witness')).sort()).toEqual([
      expect.stringMatching(/^log-[A-Za-z0-9.-]+_grace_[0-9a-f]{32}-[0-9a-f]{16}$/),
      'sources.jsonl',
      'witness.key',
      'witness.lock',
    ]);
    const nowhere = await grace(['evidence', 'witness', logs], { env: { XDG_STATE_HOME: '', HOME: '' } });
    expect([codeOf(nowhere), nowhere.code]).toEqual(['GRACE_USAGE', 2]);
  });
});

describe('grace evidence witness --accept', () => {
  /** A note that a witness elsewhere has signed, and that witness's key. */
  async function cosigned(logs: string, witness = new Witness()): Promise<{ file: string; vkey: string; at: number }> {
    const file = join(tempDir(), 'cosigned');
    const key = join(tempDir(), 'vkey');
    const { witness: by, note } = await witness.json(await exported(logs), '--vkey', vkeyFile(logs), '--out', file);
    writeFileSync(key, `${by.vkey}\n`);
    const seen = verifyCosignature(noteOf(note), keyOf(by.vkey));
    return { file, vkey: key, at: seen.ok ? seen.timestamp : 0 };
  }

  it('keeps what a witness has signed', async () => {
    const { logs } = await sealedLogs(300, 1);
    const { file, vkey, at } = await cosigned(logs);
    const run = await accept(logs, file);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(
      /^KEPT: 302 lines of \S+ were seen by \S+\/grace-witness\/[0-9a-f]{16} at \d{4}-\S+Z\n$/,
    );
    const key = keyOf(readFileSync(vkey, 'utf8').trim());
    expect(lastWitnessed(logs, [key])).toMatchObject({
      checkpoint: { size: 302 },
      witnesses: [{ name: key.name, at_s: at, verified: true }],
    });
    await report(logs, 'more');
    const second = await cosigned(logs);
    // A crash has cut the last note short.
    appendFileSync(sidecar(logs, 'witnessed'), readFileSync(second.file).subarray(0, 300));
    const doc = JSON.parse((await accept(logs, second.file, '--vkey', second.vkey, '--json')).stdout);
    expect(doc).toEqual({
      schema: 'grace.witness/1',
      action: 'accepted',
      source: second.file,
      origin: verifierKeysOf(logs)[0]?.name,
      size: 303,
      root: newestNote(logs).split('\n')[2],
      cosignatures: [
        {
          name: expect.stringContaining('/grace-witness/'),
          key_id: expect.stringMatching(/^[0-9a-f]{8}$/),
          at: expect.any(String),
        },
      ],
      witness: null,
      log_keys: null,
      trusted_on_first_use: false,
      before: null,
      note: readFileSync(second.file, 'utf8'),
      file: null,
      kept_in: logs,
    });
    // One of fewer lines that comes later is not the newest.
    expect((await accept(logs, file)).code).toBe(0);
    expect(lastWitnessed(logs, [])?.checkpoint.size).toBe(303);
  });

  it('refuses what is not about this log as it is', async () => {
    const { logs } = await sealedLogs(300, 1);
    const older = copyOf(logs);
    const fork = copyOf(logs);
    await report(logs, 'one history');
    await report(fork, 'another');
    const { file, vkey } = await cosigned(logs);
    const other = await sealedLogs();
    const touched = join(tempDir(), 'touched');
    writeFileSync(touched, readFileSync(file, 'utf8').replace('\n303\n', '\n302\n'));
    const forgedWitness = join(tempDir(), 'forged');
    const text = readFileSync(file, 'utf8');
    writeFileSync(
      forgedWitness,
      text.replace(/(— \S+\/grace-witness\/\S+ .{20})(.)/, (_, a, b) => `${a}${b === 'A' ? 'B' : 'A'}`),
    );
    const cases: [string, string, string, number, ...string[]][] = [
      [older, file, 'GRACE_LOG_SHRANK', 12],
      [fork, file, 'GRACE_LOG_FORKED', 12],
      [other.logs, file, 'GRACE_OTHER_KEY', 12],
      [logs, touched, 'GRACE_NOTE_FORGED', 12],
      [logs, await exported(logs), 'GRACE_NOT_COSIGNED', 14],
      [logs, file, 'GRACE_NOT_COSIGNED', 14, '--vkey', vkeyFile(logs)],
      [logs, file, 'GRACE_NOT_COSIGNED', 14, '--vkey', (await cosigned(logs)).vkey],
      [logs, forgedWitness, 'GRACE_NOT_COSIGNED', 14, '--vkey', vkey],
      [logs, join(tempDir(), 'none'), 'GRACE_INPUT_UNREADABLE', 14],
      [logs, vkey, 'GRACE_NOTE_INVALID', 14],
      [tempDir(), file, 'GRACE_NO_LOGS', 10],
    ];
    for (const [dir, what, code, exit, ...words] of cases) {
      const run = await accept(dir, what, ...words);
      expect([code, codeOf(run), run.code, run.stdout], run.stderr).toEqual([code, code, exit, '']);
      expect(isSentence(run.stderr)).toBe(true);
      expect(existsSync(sidecar(dir, 'witnessed'))).toBe(false);
    }
    expect((await accept(logs, file, '--vkey', vkey)).code).toBe(0);
  });

  it.skipIf(process.getuid?.() !== 0)('leaves it to the account whose log it is', async () => {
    const { logs } = await sealedLogs();
    const { file } = await cosigned(logs);
    for (const path of [logs, ...readdirSync(logs).map((name) => join(logs, name))]) chownSync(path, 65_534, 65_534);
    const run = await accept(logs, file);
    expect([codeOf(run), run.code]).toEqual(['GRACE_NOT_OWNER', 4]);
    expect(existsSync(sidecar(logs, 'witnessed'))).toBe(false);
  });
});

test('one thing at a time', async () => {
  for (const words of [[], ['logs', '--accept', 'x'], ['logs', '--rekey'], ['--accept', 'x', '--rekey']]) {
    const run = await grace(['evidence', 'witness', ...words]);
    expect([codeOf(run), run.code, run.stdout]).toEqual(['GRACE_USAGE', 2, '']);
  }
});
