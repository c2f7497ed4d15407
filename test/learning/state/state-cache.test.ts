import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import type { JsonObject } from '../../../src/core/records/json.js';
import type { ControlEntry, ControlView } from '../../../src/core/registry/queries/control.js';
import { EMPTY_CONTROL } from '../../../src/core/registry/queries/empty-control.js';
import { foldEntry } from '../../../src/learning/state/fold.js';
import { NOTHING_LEARNED } from '../../../src/learning/state/learn-state.js';
import {
  type Cached,
  checkpointOf,
  foldOn,
  NOTHING_CACHED,
  readCached,
  readSeen,
  STATE_FILE,
  startOf,
  writeCached,
} from '../../../src/learning/state/state-cache.js';
import { stateHash } from '../../../src/learning/state/state-hash.js';
import { tempDir } from '../../support/temp-dir.js';

function entry(
  line: number,
  action: string,
  subject: string,
  decision: JsonObject,
  metadata: JsonObject,
): ControlEntry {
  const at = '2026-11-23T12:00:00.000000Z';
  return {
    ...{ line, action, subject, decision, metadata, at, actor: 'learner', entry_id: `log_${line}_x` },
    ...{ boot_id: null, elapsed_s: null, origin: null },
  };
}

function outcome(line: number, check = 'web'): ControlEntry {
  const counts = { order: true, waits: true, effect: false };
  return entry(
    line,
    ACTION.outcomeLearned,
    `inc-${line}`,
    { counts, left_out: ['no_arm'] },
    {
      ...{ opening: `o-${line}`, check, target: 't', mode: 'm', arm: null, order: ['a', 'b'], holdout: false },
      ...{ holdout_share: 0, differs: false, predicted: null, recovered_s: 2, relapsed: false, escalated: false },
      ...{ tried: [{ playbook: 'a', worked: line % 3 === 0, seconds: line % 7 }], waits: [], unknown: 0 },
    },
  );
}

const folded = (entries: readonly ControlEntry[]) => entries.reduce(foldEntry, NOTHING_LEARNED);

/** What a tick writes at its end. */
function tick(line: number, before: readonly ControlEntry[], state = stateHash(folded(before))): ControlEntry {
  return entry(line, ACTION.learningTick, 'learning', {}, { state });
}

/** A log of these entries, and the largest page that was asked for. */
function logOf(entries: readonly ControlEntry[]): ControlView & { most: number } {
  const view = {
    ...EMPTY_CONTROL,
    most: 0,
    learnerEntries(after: number, limit: number) {
      view.most = Math.max(view.most, limit);
      return entries.filter(({ line }) => line > after).slice(0, limit);
    },
  };
  return view;
}

const OUTCOMES = Array.from({ length: 6 }, (_, i) => outcome(10 * (i + 1)));
const ENTRIES = [...OUTCOMES.slice(0, 4), tick(45, OUTCOMES.slice(0, 4)), ...OUTCOMES.slice(4)];

function cachedOf(entries: readonly ControlEntry[]): Cached {
  return { ...NOTHING_CACHED, checkpoint: checkpointOf(foldOn(logOf(entries), undefined)) };
}

const SEEN = { inputs: 'x', boot_id: 'b', from_ms: 1, until: { elapsed_s: 2, ms: 3 } };

describe('folding on', () => {
  it('is the fold of all entries, by pages', () => {
    const many = Array.from({ length: 1234 }, (_, i) => outcome(2 * i + 2));
    const view = logOf(many);
    expect(foldOn(view, undefined)).toMatchObject({ line: 2468, state: folded(many) });
    expect(view.most).toBeLessThanOrEqual(1000);
  });

  it('goes on from where it was', () => {
    const half = foldOn(logOf(ENTRIES.slice(0, 3)), undefined);
    const whole = foldOn(logOf(ENTRIES), half);
    expect(whole).toEqual(foldOn(logOf(ENTRIES), undefined));
    expect(whole.state.outcomes).toBe(6);
  });

  it('begins anew where the beginning of the log is another one', () => {
    const before = foldOn(logOf(ENTRIES), undefined);
    const rest = ENTRIES.slice(2);
    expect(foldOn(logOf(rest), before)).toEqual(foldOn(logOf(rest), undefined));
  });

  it('keeps what a tick vouches for, and no more', () => {
    expect(checkpointOf(foldOn(logOf(ENTRIES), undefined))).toEqual({
      ...{ line: 45, first: 'log_10_x', state: folded(OUTCOMES.slice(0, 4)) },
      sha256: stateHash(folded(OUTCOMES.slice(0, 4))),
    });
    const wrong = [...OUTCOMES, tick(65, OUTCOMES.slice(0, 5))];
    expect(checkpointOf(foldOn(logOf(wrong), undefined))).toBeUndefined();
    expect(checkpointOf(foldOn(logOf(OUTCOMES), undefined))).toBeUndefined();
  });
});

describe('where to go on from', () => {
  const { checkpoint } = cachedOf(ENTRIES);
  if (!checkpoint) throw new Error('there is one');

  it('is the line of the tick', () => {
    const start = startOf(logOf(ENTRIES), { ...NOTHING_CACHED, checkpoint });
    expect(start?.line).toBe(45);
    expect(foldOn(logOf(ENTRIES), start)).toEqual(foldOn(logOf(ENTRIES), undefined));
  });

  const other = folded(OUTCOMES.slice(0, 3));
  it.each([
    ['a state that is not what the hash says', { state: other }],
    ['a state with a hash of its own', { state: other, sha256: stateHash(other) }],
    ['a line where no tick stands', { line: 40 }],
    ['a line that is not there', { line: 4500 }],
  ])('is not %s', (_, change) => {
    const cached = { ...NOTHING_CACHED, checkpoint: { ...checkpoint, ...change } };
    expect(startOf(logOf(ENTRIES), cached)).toBeUndefined();
  });

  it('is not what only an entry of another kind says', () => {
    const forged = ENTRIES.map((one) => (one.line === 45 ? { ...one, action: ACTION.changeProposed } : one));
    expect(startOf(logOf(forged), { ...NOTHING_CACHED, checkpoint })).toBeUndefined();
  });
});

describe('the file', () => {
  it('holds what was put into it, for its account and group', () => {
    const dir = tempDir();
    const cached: Cached = { ...cachedOf(ENTRIES), seen: SEEN, advised: { ms: 7, config_version: 'c' } };
    writeCached(dir, cached, 'u');
    expect(readCached(dir)).toEqual(cached);
    expect(readSeen(dir)).toEqual(SEEN);
    expect(statSync(join(dir, STATE_FILE)).mode & 0o777 & ~0o640).toBe(0);
    expect(readdirSync(dir)).toEqual([STATE_FILE]);
    expect(JSON.parse(readFileSync(join(dir, STATE_FILE), 'utf8'))).toMatchObject({
      ...{ schema: 'grace.learn_state/1', line: 45, sha256: cached.checkpoint?.sha256 },
    });
  });

  it('holds a check by whatever name', () => {
    const before = [outcome(10, '__proto__'), outcome(20, 'constructor')];
    const entries = [...before, tick(30, before)];
    const dir = tempDir();
    writeCached(dir, cachedOf(entries), 'u');
    const start = startOf(logOf(entries), readCached(dir));
    expect(Object.keys(start?.state.checks ?? {}).sort()).toEqual(['__proto__', 'constructor']);
    expect(stateHash(start?.state ?? NOTHING_LEARNED)).toBe(stateHash(folded(before)));
  });

  it('says what was seen without its state being read', () => {
    const dir = tempDir();
    writeCached(dir, { ...cachedOf(ENTRIES), seen: SEEN }, 'u');
    const [head] = readFileSync(join(dir, STATE_FILE), 'utf8').split('\n');
    writeFileSync(join(dir, STATE_FILE), `${head}\n${'x'.repeat(1_000_000)}`);
    expect(readSeen(dir)).toEqual(SEEN);
    expect(readCached(dir)).toEqual(NOTHING_CACHED);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{"schema":"grace.learn_state/1",'],
    ['another schema', JSON.stringify({ schema: 'grace.learn_state/2', seen: SEEN, line: 1, sha256: '', state: {} })],
    ['a list', '[]'],
    ['parts of the wrong kind', '{"schema":"grace.learn_state/1","seen":{"inputs":1},\n"line":"1","state":[]}'],
    [
      'a time that is none',
      `{"schema":"grace.learn_state/1","seen":${JSON.stringify({ ...SEEN, until: null })},\n"line":0}`,
    ],
  ])('is not believed where it holds %s', (_, text) => {
    const dir = tempDir();
    writeFileSync(join(dir, STATE_FILE), text);
    expect(readCached(dir)).toEqual(NOTHING_CACHED);
    expect(readSeen(dir)).toBeUndefined();
  });

  it('is not followed where it is a link', () => {
    const dir = tempDir();
    writeCached(dir, { ...cachedOf(ENTRIES), seen: SEEN }, 'u');
    const linked = tempDir();
    symlinkSync(join(dir, STATE_FILE), join(linked, STATE_FILE));
    expect(readCached(linked)).toEqual(NOTHING_CACHED);
    writeCached(linked, NOTHING_CACHED, 'u');
    expect(readCached(dir).seen).toEqual(SEEN);
  });

  it('need not be writable', () => {
    const dir = tempDir();
    mkdirSync(join(dir, STATE_FILE));
    writeCached(dir, cachedOf(ENTRIES), 'u');
    writeCached(join(dir, 'none'), cachedOf(ENTRIES), 'u');
    expect(readdirSync(dir)).toEqual([STATE_FILE]);
    expect(readCached(dir)).toEqual(NOTHING_CACHED);
  });
});
