import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOTHING_LEARNED } from '../../../src/learning/state/learn-state.js';
import { canonical, stateHash } from '../../../src/learning/state/state-hash.js';
import { anyEntry, folded, learned, parsed, update } from './entries.js';

/** The same data, every object with its keys the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, reversed(one)]);
  return Object.fromEntries(entries.reverse());
}

describe('canonical JSON', () => {
  it('sorts keys by UTF-16 units at every depth, and leaves lists as they are', () => {
    const value = { b: [{ z: 1, a: [2, 1] }], '\u{1f600}': null, '\uffee': true, B: 'x', 10: 0, 9: -0 };
    expect(canonical(value)).toBe('{"10":0,"9":0,"B":"x","b":[{"a":[2,1],"z":1}],"\u{1f600}":null,"\uffee":true}');
  });

  it('has a key named like a built-in, and says nothing of what is undefined', () => {
    expect(canonical(JSON.parse('{"b":1,"__proto__":{"x":2}}'))).toBe('{"__proto__":{"x":2},"b":1}');
    expect(canonical({ a: undefined, b: 1 })).toBe('{"b":1}');
  });

  it('is JSON of the same data, the same for any order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonical(value))).toEqual(parsed(value));
        expect(canonical(reversed(value))).toBe(canonical(value));
      }),
    );
  });
});

describe('the hash of the state', () => {
  // Computed from the same JSON by Python: sha256(json.dumps(state, sort_keys=True, separators=(',', ':'))).
  it('is that of today for as long as the state means the same: a change needs another version of the entries', () => {
    expect(stateHash(NOTHING_LEARNED)).toBe('72c3ee70f7127a322e65f1c64153707867c03e1ce8b7271b76657e56ac1b22cc');
    const state = folded([learned(), learned({ predicted: 0.9, tried: [] }), update({ hold: true })]);
    expect(stateHash(state)).toBe('c4667ec6c3e6d1d927b5e36c7867e675f154776dbfebcc965a1e60494b53c939');
  });

  it('does not change through JSON, nor with the order of keys; it does with any entry that counts', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 12 }), (entries) => {
        const state = folded(entries);
        expect(stateHash(parsed(state))).toBe(stateHash(state));
        expect(stateHash(reversed(state) as typeof state)).toBe(stateHash(state));
        expect(stateHash(folded([learned()], state))).not.toBe(stateHash(state));
      }),
    );
  });
});
