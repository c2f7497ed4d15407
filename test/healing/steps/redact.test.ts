import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { REDACTED, redact } from '../../../src/healing/steps/redact.js';

const SECRET = 'hunter2Zq9';
const BEGIN = '-----BEGIN RSA PRIVATE KEY-----';
const END = '-----END RSA PRIVATE KEY-----';
const HEX = '0123456789abcdef0123456789abcdef';

describe('taken out', () => {
  test.each([
    `https://user:${SECRET}@db.example/x`,
    `postgres://u:p@${SECRET}@db:5432/x`,
    `https://${SECRET}${SECRET}@github.com/x`,
    `password=${SECRET}`,
    `password = "${SECRET} and more ${SECRET}"`,
    `DB_PASSWORD='${SECRET}'`,
    `{"password":"a\\"${SECRET}","user":"x"}`,
    `{"apiKey": "${SECRET}"}`,
    `api_key: ${SECRET}`,
    `"db.passwd" => ${SECRET}`,
    `token: ${SECRET}`,
    `?access_token=${SECRET}&x=1`,
    `Authorization: Basic ${SECRET}, ${SECRET}`,
    `proxy-authorization: ${SECRET} x ${SECRET}`,
    `Cookie: a=1; sid=${SECRET}`,
    `X-Vault-Token: ${SECRET}`,
    `curl -H "Bearer ${SECRET}"`,
    `mysql --password ${SECRET} -u root`,
    `--db-password=${SECRET}`,
    `password="${SECRET}`,
    `AKIA${'A'.repeat(16)}`,
    `ghp_${'a'.repeat(36)}`,
    `xoxb-1234567890-${'a'.repeat(12)}`,
    `sk_live_${'a'.repeat(24)}`,
    `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.${'a'.repeat(30)}`,
    `the key ${HEX}`,
    `secret is ${HEX}`,
    `key="${HEX}"`,
    `${BEGIN}\n${SECRET}\n${SECRET}\n${END}`,
    `-----BEGIN PRIVATE KEY-----\n${SECRET}`,
  ])('%s', (text) => {
    const left = redact(`before ${text}\nafter`);
    expect(left).toContain(REDACTED);
    for (const secret of [SECRET, HEX, 'AAAAAAAA', 'aaaaaaaa']) expect(left).not.toContain(secret);
    expect(left).toMatch(/^before /);
    if (!text.startsWith('-----BEGIN PRIVATE')) expect(left).toMatch(/\nafter$/);
  });

  test('and the rest is kept', () => {
    expect(redact(`https://user:${SECRET}@db.example/x?y=1`)).toBe('https://user:[redacted]@db.example/x?y=1');
    expect(redact(`a password=${SECRET}, user=web`)).toBe('a password=[redacted], user=web');
    expect(redact(`{"token":"${SECRET}","n":1}`)).toBe('{"token":[redacted],"n":1}');
    expect(redact(`x\n${BEGIN}\nMIIE\n${END}\ny`)).toBe('x\n[redacted]\ny');
  });
});

test.each([
  'nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)',
  'https://db.example:5432/x and git@github.com:x/y and http://git@host/',
  'key: value',
  'passed: 3 tests, the monkey: 7',
  `commit ${HEX}`,
  'disk /dev/sda1 is 97 % full\r\n\ttry again\u001b[0m',
  '-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----',
  '',
])('left alone: %j', (text) => {
  expect(redact(text)).toBe(text);
});

const pieces = fc.constantFrom(
  ...[
    'password',
    'token',
    'key',
    '=',
    ': ',
    '"',
    "'",
    '\\',
    ' ',
    '\n',
    '://',
    '@',
    ':',
    '/',
    'Authorization',
    'Bearer ',
  ],
  ...[BEGIN, END, '-----BEGIN ', '--', HEX, 'AKIA', 'ghp_', 'eyJ', '.', REDACTED, 'é', '\u0000', 'x', SECRET],
);
const texts = fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join(''));

describe('whatever the text', () => {
  test('a second time changes nothing', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(redact(redact(text))).toBe(redact(text));
      }),
      { numRuns: 3000 },
    );
  });

  test('a secret on a line of its own kind is gone, whatever stands around it', () => {
    const kinds = fc.constantFrom<(s: string) => string>(
      (s) => `password=${s}`,
      (s) => `Authorization: ${s}`,
      (s) => `http://u:${s}@h/`,
    );
    const secrets = fc.stringMatching(/^Zq9[A-Za-z0-9]{8,20}$/);
    fc.assert(
      fc.property(texts, kinds, secrets, texts, (before, kind, secret, after) => {
        fc.pre(!before.includes(secret) && !after.includes(secret));
        expect(redact(`${before}\n${kind(secret)}\n${after}`)).not.toContain(secret);
      }),
      { numRuns: 3000 },
    );
  });
});

test.each([
  ['-', 'hyphens'],
  ['x', 'one word'],
  ['password', 'words without a value'],
  ['password="', 'quotes that never end'],
  ['token=\\', 'backslashes'],
  ['://', 'addresses'],
  ['://a:', 'users without a host'],
  ['-----BEGIN ', 'beginnings of blocks'],
  [BEGIN, 'blocks'],
  ['eyJ-', 'half tokens'],
  ['eyJaaaaaaaa.', 'half tokens with dots'],
  ['key ', 'keys'],
  ['x-', 'prefixes'],
  ['--password ', 'options'],
  [' ', 'blanks'],
  ['_', 'underscores'],
  ['Authorization: ', 'headers'],
])('time is linear: %j again and again', (piece) => {
  const of = (bytes: number) => {
    const text = piece.repeat(bytes / piece.length);
    return Math.min(
      ...[1, 2, 3].map(() => {
        const begun = performance.now();
        redact(text);
        return performance.now() - begun;
      }),
    );
  };
  of(4096);
  const [short, long] = [of(1 << 14), of(1 << 17)];
  // Eight times as much; a square would be 64 times.
  expect(long).toBeLessThan(Math.max(100, short * 24));
  expect(long).toBeLessThan(1500);
});
