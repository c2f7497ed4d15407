import { expect, it } from 'vitest';
import { closest, nearest } from '../../../src/core/config/closest.js';

const WORDS = ['http', 'tcp', 'port_free', 'process', 'heal', 'every'];

it.each([
  ['htpp', 'http'],
  ['hael', 'heal'],
  ['HTTP', 'http'],
  ['port-free', 'port_free'],
  ['evry', 'every'],
  ['proces', 'process'],
  ['TCPP', 'tcp'],
])('%j was meant for %j', (typed, meant) => {
  expect(nearest(typed, WORDS)).toBe(meant);
});

it.each(['zzzz', '', 'x'.repeat(100_000), 'interval'])('%.20j was meant for none of them', (typed) => {
  expect(nearest(typed, WORDS)).toBeUndefined();
  expect(WORDS).toContain(closest(typed.slice(0, 100), WORDS));
});

it('there is nothing near among nothing', () => {
  expect(nearest('a', [])).toBeUndefined();
  expect(closest('a', [])).toBe('');
});
