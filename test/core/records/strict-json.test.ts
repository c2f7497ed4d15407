import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isJsonObject, type Json, type JsonObject } from '../../../src/core/records/json.js';
import { MAX_DEPTH, parseStrict } from '../../../src/core/records/strict-json.js';
import { pythonJson } from '../../support/records.js';

const parse = (text: string | Buffer) => parseStrict(Buffer.from(text as string));
const reasonOf = (text: string | Buffer) => {
  const result = parse(text);
  return result.ok ? `accepted ${JSON.stringify(result.value)}` : result.reason;
};

describe('parseStrict accepts', () => {
  it.each([
    ['an empty object', '{}', {}],
    ['white space around', ' \t{ "a" : 1 }\r', { a: 1 }],
    [
      'the same key in different objects',
      '{"a":{"a":1},"b":[{"a":1},{"a":1}]}',
      { a: { a: 1 }, b: [{ a: 1 }, { a: 1 }] },
    ],
    ['colons and braces in strings', '{"a:b":"{\\"a\\":1}:","c\\\\":"\\\\:"}', { 'a:b': '{"a":1}:', 'c\\': '\\:' }],
    ['keys that an object inherits', '{"constructor":1,"toString":2}', { constructor: 1, toString: 2 }],
    ['__proto__ as a text', '{"a":"__proto__","b":["__proto__"]}', { a: '__proto__', b: ['__proto__'] }],
    ['text beyond ASCII', '{"é":"日本 🔥"}', { é: '日本 🔥' }],
    ['an escaped NUL', '{"a":"\\u0000"}', { a: '\0' }],
  ])('%s', (_, text, value) => {
    expect(parse(text)).toEqual({ ok: true, value });
  });

  it('nesting as deep as the bound', () => {
    const text = `${'{"a":'.repeat(MAX_DEPTH - 1)}{}${'}'.repeat(MAX_DEPTH - 1)}`;
    expect(parse(text).ok).toBe(true);
    expect(reasonOf(`{"a":${text}}`)).toBe('nested deeper than 64');
  });
});

describe('parseStrict refuses', () => {
  it.each([
    ['nothing', '', 'blank line'],
    ['white space', ' \t\r', 'blank line'],
    ['NUL bytes', '\0\0\0\0', 'NUL bytes'],
    ['a NUL inside a record', '{"a":"\0"}', 'NUL bytes'],
    ['a NUL after a record', '{"a":1}\0', 'NUL bytes'],
    ['half a record', '{"a":1', 'not JSON'],
    ['two records glued together', '{"a":1}{"a":1}', 'not JSON'],
    ['a byte order mark', '\ufeff{"a":1}', 'not JSON'],
    ['NaN, which Python writes', '{"a":NaN}', 'not JSON'],
    ['a list', '[{"a":1}]', 'not a JSON object'],
    ['a number', '1', 'not a JSON object'],
    ['a text', '"a"', 'not a JSON object'],
    ['null', 'null', 'not a JSON object'],
    ['a key twice', '{"a":1,"a":1}', 'a key stands twice in one object'],
    ['a key twice, escaped', '{"a":1,"\\u0061":2}', 'a key stands twice in one object'],
    ['a key twice among colons', '{":":":{:","\\u003a":"}"}', 'a key stands twice in one object'],
    ['a key twice below', '{"x":[1,{"y":{"a":1,"b":2,"a":3}}]}', 'a key stands twice in one object'],
    ['a key twice that hides an object', '{"a":{"b":1,"c":2},"a":0}', 'a key stands twice in one object'],
    ['the empty key twice', '{"":1,"":2}', 'a key stands twice in one object'],
    ['__proto__', '{"__proto__":{"env":1}}', 'a key is named __proto__'],
    ['__proto__ escaped', '{"\\u005f_proto__":1}', 'a key is named __proto__'],
    ['__proto__ below', '{"a":[[{"b":{"__proto__":null}}]]}', 'a key is named __proto__'],
    ['10,000 objects in each other', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 'nested deeper than 64'],
    ['10,000 lists in each other', `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, 'nested deeper than 64'],
    ['10,000 that are never closed', '{"a":'.repeat(10_000), 'not JSON'],
  ])('%s', (_, text, reason) => {
    expect(reasonOf(text)).toBe(reason);
  });

  it.each([
    ['a lone continuation', [0x80]],
    ['a cut sequence', [0xe2, 0x82]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['0xff', [0xff]],
  ])('invalid UTF-8: %s', (_, bytes) => {
    expect(reasonOf(Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]))).toBe(
      'invalid UTF-8',
    );
  });

  it('pollutes no prototype', () => {
    parse('{"__proto__":{"polluted":1}}');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

/** Any JSON there is, keys that look like syntax among them. */
const key = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('a', 'b', ':', '"', '{', '}', '\\', '\\"', 'a:', '\\u0061', '', '0', 'constructor', '🔥'),
  )
  .filter((name) => name !== '__proto__');

const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
  ) as fc.Arbitrary<Json>,
}));
const anyObject = fc.dictionary(key, tree, { maxKeys: 6, noNullPrototype: true }) as fc.Arbitrary<JsonObject>;

/** -0 is written as 0. */
const asWritten = (value: Json): Json => JSON.parse(JSON.stringify(value)) as Json;

describe('any object', () => {
  it('is read back equal, in the spacing of JavaScript and in that of Python', () => {
    fc.assert(
      fc.property(anyObject, (value) => {
        expect(parse(JSON.stringify(value))).toEqual({ ok: true, value: asWritten(value) });
        expect(parse(pythonJson(value))).toEqual({ ok: true, value: asWritten(value) });
      }),
      { numRuns: 3000 },
    );
  });

  it('is refused when one key is repeated anywhere in it, plainly or escaped', () => {
    const withKeys = anyObject.filter((value) => Object.keys(value).length > 0);
    fc.assert(
      fc.property(withKeys, fc.nat(), fc.boolean(), fc.boolean(), tree, (value, pick, escaped, first, other) => {
        const objects = nonEmptyObjectsIn(value);
        const victim = objects[pick % objects.length];
        if (!victim) throw new Error('no object');
        const names = Object.keys(victim);
        const name = names[pick % names.length] ?? '';
        const text = write(
          value,
          victim,
          `${escaped ? escapeAll(name) : JSON.stringify(name)}:${JSON.stringify(other)}`,
          first,
        );
        expect(parse(text)).toEqual({ ok: false, reason: 'a key stands twice in one object' });
      }),
      { numRuns: 3000 },
    );
  });

  it('of bytes never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(typeof parseStrict(Buffer.from(bytes)).ok).toBe('boolean');
      }),
      { numRuns: 10_000 },
    );
  });
});

function nonEmptyObjectsIn(value: Json): JsonObject[] {
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.values(value).flatMap(nonEmptyObjectsIn);
  return isJsonObject(value) && Object.keys(value).length > 0 ? [value, ...below] : below;
}

/** Writes `value`, with one more member in `victim`. */
function write(value: Json, victim: JsonObject, member: string, first: boolean): string {
  if (Array.isArray(value)) return `[${value.map((item) => write(item, victim, member, first)).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}:${write(v, victim, member, first)}`);
  if (value === victim) members.splice(first ? 0 : members.length, 0, member);
  return `{${members.join(', ')}}`;
}

function escapeAll(text: string): string {
  return `"${Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`;
}
