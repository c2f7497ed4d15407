import { expect, test } from 'vitest';
import { overtaking } from '../../../src/learning/serving/riskier.js';
import { waitsOfToday } from '../../../src/learning/serving/waits-of-today.js';
import { playbook } from '../tick/log.js';

const said = [
  { id: 'a', within_s: 30 },
  { id: 'b', within_s: 30 },
];

test('a learned wait holds while its author says what was said then, and within the bounds of today', () => {
  const waits = { a: 12, b: 50, gone: 7 };
  const of = (...playbooks: ReturnType<typeof playbook>[]) => waitsOfToday({ playbooks }, waits, said);
  expect(of(playbook('a'), playbook('b'))).toEqual({ a: 12, b: 50 });
  expect(of(playbook('a', { within_s: 31 }), playbook('b'))).toEqual({ b: 50 });
  const bounds = { least_s: 20, most_s: 40 };
  expect(of(playbook('a', { bounds }), playbook('b', { bounds }))).toEqual({ a: 20, b: 40 });
  expect(waitsOfToday({ playbooks: [playbook('a')] }, waits, undefined)).toEqual({ a: 12 });
  expect(waitsOfToday({ playbooks: [playbook('a')] }, waits, [null, 'a', { id: 'a' }])).toEqual({ a: 12 });
});

test('who overtakes whom, against the order that was', () => {
  const playbooks = [playbook('a'), playbook('b', { risk: 'medium' }), playbook('c', { risk: 'high' })];
  expect(overtaking(playbooks, ['a', 'b', 'c'], ['a', 'b', 'c'])).toEqual([]);
  expect(overtaking(playbooks, ['c', 'b', 'a'], ['a', 'b', 'c'])).toEqual([]);
  expect(overtaking(playbooks, ['a', 'b', 'c'], ['a', 'c', 'b'])).toEqual([
    'c (high risk) would come before b (medium risk)',
  ]);
  // What is not known is taken to be as risky as can be.
  expect(overtaking(playbooks, ['a', 'x'], ['x', 'a'])).toEqual(['x (high risk) would come before a (low risk)']);
});
