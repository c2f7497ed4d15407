import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayReorder, mayWait } from '../../../src/learning/tick/may.js';
import { check, GOVERNANCE, playbook } from './log.js';

const facts = { governance: GOVERNANCE };
const forbidden = { allowed: false, rule: 'nothing is granted' };
const none = { governance: { ...GOVERNANCE, may: { reorder: forbidden, wait: forbidden } } };
const propose = { governance: { ...GOVERNANCE, mode: 'propose' } } as const;
const risky = check([playbook('a'), playbook('b', { risk: 'medium' }), playbook('c', { risk: 'high' })]);
const free = { held: false };
const bounded = playbook('a', { bounds: { least_s: 10, most_s: 40 } });

describe('an order', () => {
  it('is applied where the mode, the grant and the risk allow it, and names what does', () => {
    const all = check(['a', 'b', 'c']);
    expect(mayReorder(facts, all, free, ['a', 'b', 'c'], ['c', 'a', 'b'])).toEqual({
      ...{ allowed: true, rule: 'accounts.learner.may: reorder: no playbook overtakes one of lower risk' },
    });
    expect(mayReorder(facts, risky, free, ['c', 'b', 'a'], ['a', 'b', 'c']).allowed).toBe(true);
  });

  it('says every reason why it needs a person', () => {
    const why = (...asked: Parameters<typeof mayReorder>) => {
      const may = mayReorder(...asked);
      return may.allowed ? undefined : may.why;
    };
    const [from, to] = [
      ['a', 'b', 'c'],
      ['b', 'a', 'c'],
    ];
    const all = check(['a', 'b', 'c']);
    expect(why(propose, all, free, from, to)).toBe('learning.mode is propose');
    expect(why(none, all, free, from, to)).toBe('the account learner may not reorder: nothing is granted');
    expect(why(facts, all, { held: true }, from, to)).toMatch(/rolled back here, and no person has approved/);
    expect(why(facts, all, free, from, ['a', 'b'])).toBe('adding or dropping a playbook needs a person');
    expect(why(facts, all, free, ['a', 'b'], from)).toBe('adding or dropping a playbook needs a person');
    expect(why(facts, risky, free, from, to)).toBe('b (medium risk) would come before a (low risk)');
    expect(why(propose, risky, { held: true }, from, ['c', 'a', 'b'])?.split('; ')).toHaveLength(4);
  });

  it('is allowed just where no playbook of higher risk overtakes one of lower risk', () => {
    const ids = ['a', 'b', 'c', 'd'];
    const order = fc.shuffledSubarray(ids, { minLength: 4 });
    const risks = fc.tuple(...ids.map(() => fc.constantFrom('low', 'medium', 'high')));
    fc.assert(
      fc.property(order, order, risks, (from, to, drawn) => {
        const one = check(ids.map((id, i) => playbook(id, { risk: drawn[i] as 'low' })));
        const rank = (id: string) => ['low', 'medium', 'high'].indexOf(drawn[ids.indexOf(id)] ?? '');
        const overtaken = ids.some((x) =>
          ids.some((y) => to.indexOf(x) < to.indexOf(y) && from.indexOf(x) > from.indexOf(y) && rank(x) > rank(y)),
        );
        expect(mayReorder(facts, one, free, from, to).allowed).toBe(!overtaken);
      }),
    );
  });
});

describe('a wait', () => {
  it('is applied inside the author’s bounds, and says every reason where it is not', () => {
    expect(mayWait(facts, bounded, false, 10).allowed).toBe(true);
    expect(mayWait(facts, bounded, false, 40).allowed).toBe(true);
    const why = (...asked: Parameters<typeof mayWait>) => {
      const may = mayWait(...asked);
      return may.allowed ? undefined : may.why;
    };
    expect(why(facts, bounded, false, 41)).toBe('the wait is outside the bounds of 10 to 40 s');
    expect(why(facts, bounded, false, 9)).toBe('the wait is outside the bounds of 10 to 40 s');
    expect(why(facts, playbook('a'), false, 20)).toMatch(/grace.yaml sets no bounds .* after a$/);
    expect(why(propose, bounded, false, 20)).toBe('learning.mode is propose');
    expect(why(none, bounded, false, 20)).toBe('the account learner may not wait: nothing is granted');
    expect(why(facts, bounded, true, 20)).toMatch(/rolled back here/);
  });
});
