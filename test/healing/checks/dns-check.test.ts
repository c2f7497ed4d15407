import { createSocket, type RemoteInfo } from 'node:dgram';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CheckSpecs } from '../../../src/core/config/schema/check-schema.js';
import { systemClock } from '../../../src/core/host/clock.js';
import { probeDns } from '../../../src/healing/checks/dns-check.js';

const TYPES = { A: 1, NS: 2, CNAME: 5, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33 } as const;
type Type = keyof typeof TYPES;

interface Answer {
  readonly rcode?: number;
  readonly records?: readonly (readonly [type: Type, data: Buffer])[];
}

function nameBytes(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function numbers(...words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(words.length * 2);
  for (const [i, word] of words.entries()) bytes.writeUInt16BE(word, i * 2);
  return bytes;
}

/** A name server of a few lines: RFC 1035, section 4. `undefined` is silence; a buffer is sent as it is. */
async function serving(answer: (name: string, type: number) => Answer | Buffer | undefined): Promise<string> {
  const socket = createSocket('udp4');
  onTestFinished(() => {
    socket.close();
  });
  socket.on('message', (message: Buffer, from: RemoteInfo) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
      labels.push(message.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const question = message.subarray(12, at + 5);
    const said = answer(labels.join('.'), message.readUInt16BE(at + 1));
    if (said === undefined) return;
    if (Buffer.isBuffer(said)) {
      socket.send(Buffer.concat([message.subarray(0, 2), said]), from.port, from.address);
      return;
    }
    const { rcode = 0, records = [] } = said;
    const flags = numbers(0x8180 | rcode, 1, records.length, 0, 0);
    const body = records.map(([type, data]) =>
      Buffer.concat([numbers(0xc00c, TYPES[type], 1, 0, 60, data.length), data]),
    );
    socket.send(Buffer.concat([message.subarray(0, 2), flags, question, ...body]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return `127.0.0.1:${socket.address().port}`;
}

function probe(server: string, more: Partial<CheckSpecs['dns']> = {}) {
  return probeDns({ name: 'web.example', type: 'A', server, timeout: 2, ...more }, systemClock);
}

const address = (text: string) => Buffer.from(text.split('.').map(Number));
const OTHERS: Readonly<Record<string, readonly [Type, Buffer, expected: readonly string[]]>> = {
  AAAA: ['AAAA', Buffer.from('20010db8000000000000000000000001', 'hex'), ['2001:db8::1', '2001:0DB8:0::0001']],
  CNAME: ['CNAME', nameBytes('real.example'), ['real.example', 'REAL.example.']],
  NS: ['NS', nameBytes('ns.example'), ['ns.example']],
  PTR: ['PTR', nameBytes('host.example'), ['host.example']],
  MX: ['MX', Buffer.concat([numbers(10), nameBytes('mail.example')]), ['10 mail.example', 'mail.example']],
  SRV: [
    'SRV',
    Buffer.concat([numbers(0, 5, 5060), nameBytes('sip.example')]),
    ['0 5 5060 sip.example', 'sip.example.'],
  ],
  TXT: ['TXT', Buffer.from('\x06v=spf1\x05 -all'), ['v=spf1 -all']],
};

describe('ok', () => {
  test('an answer, and the expected one among several', async () => {
    const asked: unknown[] = [];
    const server = await serving((name, type) => {
      asked.push([name, type]);
      return {
        records: [
          ['A', address('192.0.2.1')],
          ['A', address('192.0.2.2')],
        ],
      };
    });
    expect(await probe(server)).toEqual({ status: 'ok', summary: 'web.example (A): 192.0.2.1, 192.0.2.2' });
    expect((await probe(server, { expect: '192.0.2.2' })).status).toBe('ok');
    expect(asked).toEqual([
      ['web.example', TYPES.A],
      ['web.example', TYPES.A],
    ]);
  });

  test.each(Object.entries(OTHERS))('%s', async (_name, [type, data, expected]) => {
    const server = await serving((_, asked) => (asked === TYPES[type] ? { records: [[type, data]] } : { rcode: 3 }));
    for (const expect_ of expected) {
      expect(await probe(server, { type: type as CheckSpecs['dns']['type'], expect: expect_ })).toMatchObject({
        status: 'ok',
      });
    }
    const found = await probe(server, { type: type as CheckSpecs['dns']['type'], expect: 'other.example' });
    expect(found).toMatchObject({ status: 'critical', summary: expect.stringContaining('and not other.example') });
  });

  test('the name of an address', async () => {
    const server = await serving((name) =>
      name === '4.2.0.192.in-addr.arpa' ? { records: [['PTR', nameBytes('host.example')]] } : { rcode: 3 },
    );
    expect((await probe(server, { name: '192.0.2.4', type: 'PTR', expect: 'host.example' })).status).toBe('ok');
  });
});

describe('critical', () => {
  test('another answer than expected', async () => {
    const server = await serving(() => ({ records: [['A', address('192.0.2.1')]] }));
    expect(await probe(server, { expect: '192.0.2.9' })).toEqual({
      status: 'critical',
      summary: 'web.example (A): 192.0.2.1, and not 192.0.2.9',
    });
  });

  test.each([
    ['no such name', { rcode: 3 }, 'there is no such name'],
    ['no such record', {}, 'the name has no such record'],
    ['a server that fails', { rcode: 2 }, 'the server failed'],
    ['a server that refuses', { rcode: 5 }, 'the server refuses to answer'],
  ])('%s', async (_name, answer, summary) => {
    const server = await serving(() => answer);
    expect(await probe(server)).toEqual({ status: 'critical', summary: `web.example (A): ${summary}` });
  });

  test('silence', async () => {
    const server = await serving(() => undefined);
    const started = systemClock.elapsed();
    expect(await probe(server, { timeout: 0.3 })).toEqual({
      status: 'critical',
      summary: 'no answer within 300 ms',
    });
    expect(systemClock.elapsed() - started).toBeLessThan(0.6);
  });

  test('no server', async () => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const { port } = socket.address();
    await new Promise<void>((resolve) => socket.close(resolve));
    expect(await probe(`127.0.0.1:${port}`, { timeout: 1 })).toMatchObject({ status: 'critical' });
  });

  test('an answer that is none', async () => {
    const server = await serving(() => Buffer.from('garbage'));
    expect(await probe(server, { timeout: 0.3 })).toMatchObject({ status: 'critical' });
  });
});

describe('unknown: the check cannot run', () => {
  test('the server is given by a name', async () => {
    expect(await probe('dns.example')).toMatchObject({
      status: 'unknown',
      summary: expect.stringContaining('dns.example'),
    });
  });

  test('a name that cannot be asked for', async () => {
    const server = await serving(() => ({ rcode: 3 }));
    expect(await probe(server, { name: `${'x'.repeat(64)}.example` })).toMatchObject({ status: 'unknown' });
  });

  test('we ourselves were held up', async () => {
    const server = await serving(() => undefined);
    const pending = probe(server, { timeout: 0.05 });
    const until = systemClock.elapsed() + 0.2;
    while (systemClock.elapsed() < until);
    expect(await pending).toMatchObject({
      status: 'unknown',
      summary: expect.stringMatching(/^grace itself was held up/),
    });
  });
});
