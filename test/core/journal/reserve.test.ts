import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fillReserve, isReserved, RESERVE_BYTES, RESERVE_FILE, useReserve } from '../../../src/core/journal/reserve.js';
import type { Draft, Ledger } from '../../../src/core/ledger.js';
import { tool, withoutTmpfs } from '../../support/fault-tools.js';
import { auditDraft, newIncident } from '../../support/records.js';
import { auditLines, expectSealed, keysBeside, openSealed } from '../../support/sealed.js';
import { tempDir } from '../../support/temp-dir.js';

const without = withoutTmpfs();

/** A disk of its own, so small that it can be filled. */
function smallDisk(size = '6m') {
  const dir = join(tempDir(), 'logs');
  mkdirSync(dir, { mode: 0o750 });
  tool('mount', '-t', 'tmpfs', '-o', `mode=0750,size=${size}`, 'tmpfs', dir);
  onTestFinished(() => void spawnSync('umount', ['-l', dir]));
  const filler = join(dir, 'filler');
  return {
    dir,
    /** Leaves not a byte; with `spare` so many KiB. */
    fill(spare = 0) {
      writeFileSync(filler, '');
      if (spare > 0) writeFileSync(join(dir, 'spare'), Buffer.alloc(spare * 1024));
      spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k'], { stdio: 'ignore' });
      if (spare > 0) tool('rm', join(dir, 'spare'));
    },
    empty: () => writeFileSync(filler, ''),
    reserve: () => statSync(join(dir, RESERVE_FILE), { throwIfNoEntry: false })?.size,
  };
}

describe('the reserve', () => {
  test('is filled with bytes that take room, once', () => {
    const dir = tempDir();
    expect(fillReserve(dir)).toBe(true);
    const { size, blocks, mode, mtimeMs } = statSync(join(dir, RESERVE_FILE));
    expect([size, blocks * 512 >= RESERVE_BYTES, mode & 0o777]).toEqual([RESERVE_BYTES, true, 0o640]);
    expect(fillReserve(dir)).toBe(true);
    expect(statSync(join(dir, RESERVE_FILE)).mtimeMs).toBe(mtimeMs);
  });

  test('is not used while there is room', () => {
    const dir = tempDir();
    fillReserve(dir);
    expect([useReserve(dir), isReserved(dir)]).toEqual([false, false]);
    expect(statSync(join(dir, RESERVE_FILE)).size).toBe(RESERVE_BYTES);
  });

  test('where there is none, nothing is used and nothing is kept', () => {
    const dir = tempDir();
    expect([useReserve(dir), isReserved(dir)]).toEqual([false, false]);
    expect(fillReserve(join(dir, 'none'))).toBe(false);
  });

  test('a link in its place is not followed', () => {
    const dir = tempDir();
    const victim = join(dir, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, join(dir, RESERVE_FILE));
    expect(fillReserve(dir)).toBe(false);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    mkdirSync(join(dir, 'b', RESERVE_FILE), { recursive: true });
    expect(fillReserve(join(dir, 'b'))).toBe(false);
  });
});

describe.skipIf(without)('the reserve on a small disk', () => {
  test('is given back when the disk is nearly full, stays as an empty file, and is filled again when there is room', () => {
    const { dir, fill, empty, reserve } = smallDisk();
    expect(fillReserve(dir)).toBe(true);
    expect(isReserved(dir)).toBe(false);
    fill();
    expect(isReserved(dir)).toBe(true);
    expect(useReserve(dir)).toBe(true);
    expect([reserve(), isReserved(dir), useReserve(dir)]).toEqual([0, true, false]);
    expect(fillReserve(dir)).toBe(false);
    expect(reserve()).toBe(0);
    empty();
    expect(isReserved(dir)).toBe(false);
    expect(fillReserve(dir)).toBe(true);
    expect(reserve()).toBe(RESERVE_BYTES);
  });

  test('is not filled where that would leave no room', () => {
    const { dir, reserve } = smallDisk('1500k');
    expect([fillReserve(dir), reserve()]).toEqual([false, undefined]);
  });

  test('is used, and others held off, with less than 256 KiB left, and not before', () => {
    const { dir, fill } = smallDisk();
    fillReserve(dir);
    fill(300);
    expect([isReserved(dir), useReserve(dir)]).toEqual([false, false]);
    fill(200);
    expect([isReserved(dir), useReserve(dir)]).toEqual([true, true]);
  });

  test('once it is used, others are held off until it can be filled again', () => {
    const { dir, fill, empty } = smallDisk();
    fillReserve(dir);
    fill();
    useReserve(dir);
    empty();
    fill(1800);
    expect([isReserved(dir), fillReserve(dir)]).toEqual([true, false]);
    empty();
    fill(2200);
    expect([isReserved(dir), fillReserve(dir)]).toEqual([false, true]);
  });
});

describe.skipIf(without)('a ledger on a full disk', () => {
  const entry = (action: string): Draft<string> => ({ entries: [auditDraft({ action })], value: action });
  const freeing = (action: string): Draft<string> => ({ ...entry(action), reserve: true });
  const actions = (dir: string) =>
    auditLines(dir).map((line) => (JSON.parse(line.toString('utf8')) as { action: string }).action);

  async function full() {
    const disk = smallDisk();
    const ledger = openSealed(disk.dir);
    await ledger.transact(() => entry('before'));
    expect(fillReserve(disk.dir)).toBe(true);
    disk.fill();
    return { ...disk, ledger };
  }

  const codeOf = (ledger: Ledger, draft: Draft<string>) =>
    ledger
      .transact(() => draft)
      .then(
        () => 'acknowledged',
        (error: { code?: string }) => error.code,
      );

  test('an ordinary record is refused; one that frees space goes through and is sealed', async () => {
    const { dir, ledger, empty, reserve } = await full();
    const untouched = readFileSync(join(dir, 'immutable_audit.jsonl'));
    expect(await codeOf(ledger, entry('ordinary'))).toBe('GRACE_DISK_FULL');
    expect(readFileSync(join(dir, 'immutable_audit.jsonl'))).toEqual(untouched);
    expect(reserve()).toBe(RESERVE_BYTES);
    const intent: Draft<string> = {
      ...freeing('intent'),
      incidents: [{ record: newIncident(), after: null }],
    };
    expect(await ledger.transact(() => intent)).toMatchObject({ value: 'intent' });
    expect(reserve()).toBe(0);
    // What is left is for what frees it.
    const before = readFileSync(join(dir, 'immutable_audit.jsonl'));
    expect(await codeOf(ledger, entry('ordinary'))).toBe('GRACE_DISK_FULL');
    await expect(ledger.transact(() => entry('ordinary'))).rejects.toThrow(/full disk.*nothing was recorded/);
    expect(readFileSync(join(dir, 'immutable_audit.jsonl'))).toEqual(before);
    expect(await codeOf(ledger, freeing('outcome'))).toBe('acknowledged');
    expect(expectSealed(dir).sealed).toBe(auditLines(dir).length);

    empty();
    expect(await codeOf(ledger, entry('after'))).toBe('acknowledged');
    expect(fillReserve(dir)).toBe(true);
    const said = actions(dir).filter((action) => !action.startsWith('audit_') && action !== 'tail_ended');
    expect(said).toEqual(['before', 'incident_snapshot', 'intent', 'outcome', 'after']);
    expectSealed(dir);
  });

  test('a decision that writes nothing is no record', async () => {
    const { ledger, reserve } = await full();
    expect(await codeOf(ledger, { value: 'nothing' })).toBe('acknowledged');
    expect(await codeOf(ledger, { value: 'nothing', reserve: true })).toBe('acknowledged');
    expect(reserve()).toBe(RESERVE_BYTES);
  });

  test('whoever knows before the decision that it frees space says so before anything is looked at', async () => {
    const { dir, ledger, reserve, empty } = await full();
    ledger.close();
    const other = openSealed(dir, { keys: keysBeside(dir) });
    const { value } = await other.transact((view) => ({ ...entry('brake'), value: String(view.auditLines()) }), {
      reserve: true,
    });
    expect([Number(value) > 0, reserve(), actions(dir).at(-1)]).toEqual([true, 0, 'brake']);
    // And what it has freed is kept again at once.
    empty();
    await other.transact(() => entry('freed'), { reserve: true });
    expect(reserve()).toBe(RESERVE_BYTES);
  });

  test('so is what has to be put right before that: a torn line takes bytes to be ended', async () => {
    const { dir, ledger, empty, fill } = await full();
    ledger.close();
    empty();
    const log = join(dir, 'immutable_audit.jsonl');
    // To the end of a page: not even a line feed fits without another.
    appendFileSync(log, 'x'.repeat(4096 - (statSync(log).size % 4096)));
    fill();
    const other = openSealed(dir, { keys: keysBeside(dir) });
    await other.transact(() => entry('brake'), { reserve: true });
    expect(readFileSync(log, 'utf8')).toMatch(/\nx+\n/);
    expect(JSON.parse(auditLines(dir).at(-1)?.toString() ?? '')).toMatchObject({ action: 'brake' });
  });

  test('a process that comes when it is full already writes down what frees it, too', async () => {
    const { dir, ledger } = await full();
    ledger.close();
    const other = openSealed(dir, { keys: keysBeside(dir) });
    expect(await codeOf(other, freeing('intent'))).toBe('acknowledged');
    expect(await codeOf(other, freeing('outcome'))).toBe('acknowledged');
    expect(actions(dir).slice(-2)).toEqual(['intent', 'outcome']);
  });

  test('so does one that asks the registry before it decides', async () => {
    const { dir, ledger } = await full();
    ledger.close();
    const other = openSealed(dir, { keys: keysBeside(dir) });
    const { value } = await other.transact((view) => ({ ...freeing('intent'), value: String(view.auditLines()) }));
    expect(Number(value)).toBeGreaterThan(0);
    const again = await other.transact((view) => ({
      ...freeing('outcome'),
      value: String(view.allOpenClaims().length),
    }));
    expect(again.value).toBe('0');
  });

  test('hundreds of records of what frees space fit', async () => {
    const { dir, ledger } = await full();
    for (let n = 0; n < 200; n++) expect(await codeOf(ledger, freeing(`n${n}`))).toBe('acknowledged');
    expect(actions(dir).at(-1)).toBe('n199');
  });
});
