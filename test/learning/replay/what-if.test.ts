import { describe, expect, it } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import { seededRandom } from '../../../src/learning/order/random.js';
import { answerWhatIf, readWhatIf, type WhatIf } from '../../../src/learning/replay/what-if.js';
import { openRegistry } from '../../support/registry.js';
import { tempDir } from '../../support/temp-dir.js';
import { LoggedWorld } from './logged-world.js';

const CHANCES = { a: 0.1, b: 0.5, c: 0.9 };

function lived(incidents: number): LoggedWorld {
  const dir = tempDir();
  const log = new LoggedWorld(dir, openRegistry(dir));
  const random = seededRandom('what if');
  for (let i = 0; i < incidents; i++) {
    log.incident('web', CHANCES, random);
    log.tick();
  }
  return log;
}

const ask = (log: LoggedWorld, question: WhatIf) => log.ask((view) => answerWhatIf(question, view));

describe('a question', () => {
  it.each([
    ['order=web:a,b', undefined, { kind: 'order', check: 'web', order: ['a', 'b'] }],
    ['order=a,b', 'web', { kind: 'order', check: 'web', order: ['a', 'b'] }],
    ['order=we:b:a,b', 'we:b', { kind: 'order', check: 'we:b', order: ['a', 'b'] }],
    ['order=__proto__:a', undefined, { kind: 'order', check: '__proto__', order: ['a'] }],
    ['gamma=0.9', undefined, { kind: 'gamma', keep: 0.9, check: undefined }],
    ['gamma=1', 'web', { kind: 'gamma', keep: 1, check: 'web' }],
  ] as const)('%s', (text, check, question) => {
    expect(readWhatIf(text, check)).toEqual(question);
  });

  it.each([
    '',
    'order',
    'order=',
    'order=a,b',
    'order=web:',
    'order=web:a,,b',
    'order=web:a,a',
    'order=:a',
    'gamma=',
    'gamma=0',
  ])('is none: %j', (text) => expect(readWhatIf(text, undefined)).toBeUndefined());

  it.each(['gamma=1.1', 'gamma=-0.5', 'gamma=1e-1', 'gamma=0x1', 'gamma=NaN', 'gamma= 0.9', 'delta=0.9'])(
    'is none: %j',
    (text) => expect(readWhatIf(text, undefined)).toBeUndefined(),
  );
});

describe('another discount of evidence', () => {
  it('gives what was decided where it is the same', () => {
    const log = lived(60);
    const made = log
      .ask((view) => view.recentControls(ACTION.configUpdate, 100))
      .filter(({ decision }) => decision.kind === 'order');
    const answer = ask(log, { kind: 'gamma', keep: 0.95, check: undefined });
    expect(made.length).toBeGreaterThan(0);
    expect(answer).toMatchObject({
      ...{ kind: 'gamma', keep: 0.95, outcomes: 60, ticks: 60 },
      checks: [{ check: 'web', promotions: made.length, promoted: made.length }],
    });
    const [web] = answer.kind === 'gamma' ? answer.checks : [];
    expect(web?.candidate_s).toBe(web?.today_s);
    expect(web?.incumbent).toEqual(log.state.checks.web?.incumbent);
  });

  it('forgets sooner: another order, after what has turned', () => {
    const log = lived(40);
    const random = seededRandom('turned');
    for (let i = 0; i < 5; i++) {
      log.incident('web', { a: 1, b: 0, c: 0 }, random);
      log.tick();
    }
    const first = (keep: number) => {
      const answer = ask(log, { kind: 'gamma', keep, check: 'web' });
      return answer.kind === 'gamma' ? answer.checks[0]?.candidate[0] : undefined;
    };
    expect(first(0.2)).toBe('a');
    expect(first(1)).toBe('c');
  });

  it('says nothing of a check that nobody knows', () => {
    expect(ask(lived(4), { kind: 'gamma', keep: 0.9, check: 'nowhere' })).toMatchObject({ checks: [] });
  });
});

describe('another order', () => {
  it('is answered from what was drawn, and the interval holds what is true', () => {
    const log = lived(120);
    const answer = ask(log, { kind: 'order', check: 'web', order: ['a', 'b', 'c'] });
    if (answer.kind !== 'order') throw new Error('another answer');
    expect(answer).toMatchObject({ incidents: 120, unclear: 0, possible: 120 });
    expect(answer.effective).toBeGreaterThan(20);
    // 4 s to the first remedy; 5 s each, and up to 8 s until it is healthy; a person where none works.
    const waits = { a: 30, b: 30, c: 30 } as Record<string, number>;
    const truth =
      4 + 0.1 * 9 + 0.9 * (5 + (waits.a ?? 0) + 0.5 * 9 + 0.5 * (5 + (waits.b ?? 0) + 0.9 * 9 + 0.1 * (5 + 30 + 1800)));
    expect(answer.asked?.low).toBeLessThan(truth);
    expect(answer.asked?.high).toBeGreaterThan(answer.asked?.mean ?? 0);
    // What was learned is faster than what its author had written.
    expect(answer.served_s).toBeLessThan(answer.asked?.mean ?? 0);
  });

  it('is not answered where it was never served', () => {
    const answer = ask(lived(30), { kind: 'order', check: 'web', order: ['c'] });
    expect(answer).toMatchObject({ possible: 0, seen: 0, asked: null, served_s: null });
  });
});
