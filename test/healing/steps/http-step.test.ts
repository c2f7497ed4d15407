import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { playbookSchema } from '../../../src/core/config/schema/playbook-schema.js';
import { systemClock } from '../../../src/core/host/clock.js';
import { type HttpStepSpec, httpStep } from '../../../src/healing/steps/http-step.js';
import { tempDir } from '../../support/temp-dir.js';

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

async function serving(
  answer: (response: ServerResponse, asked: Asked) => void,
): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method, url, headers } = request;
    const one = { method, url, authorization: headers.authorization, type: headers['content-type'], body };
    asked.push(one);
    answer(response, one);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/reload`, asked };
}

function order(stop: AbortSignal = new AbortController().signal) {
  return { marker: 'test', facts: {}, stop };
}

function stepOf(url: string, more: object = {}, options: Partial<HttpStepSpec> = {}) {
  const playbook = playbookSchema.parse({ steps: [{ http: { url, ...more } }] });
  const http = playbook.steps[0]?.http;
  if (http === undefined) throw new Error('no step');
  return httpStep({ name: 'reload', http, ...options }, systemClock);
}

function secretFile(text: string, mode = 0o600): string {
  const path = join(tempDir(), 'secret');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

test('says what it is', () => {
  const step = stepOf('http://me:pass@127.0.0.1:1/reload?token=1');
  expect(step).toMatchObject({
    name: 'reload',
    destroys: 'whatever POST http://127.0.0.1:1/reload makes the other side do',
    repeatable: false,
    timeout_s: 10,
  });
  expect(stepOf('http://127.0.0.1:1/', { method: 'PUT' }).repeatable).toBe(true);
  expect(stepOf('http://127.0.0.1:1/', {}, { repeatable: true, timeout_s: 3 })).toMatchObject({
    repeatable: true,
    timeout_s: 3,
  });
});

describe('worked', () => {
  test('the request is sent as it was written, and the answer kept', async () => {
    const { url, asked } = await serving((response) => response.writeHead(202).end('reloading'));
    const headers = { 'Content-Type': 'application/json' };
    const result = await stepOf(url, { headers, body: '{"name":"grüße"}' }).run(order());
    expect(result).toEqual({ outcome: 'worked', exit: 'answered 202', output: Buffer.from('reloading') });
    expect(asked).toEqual([
      { method: 'POST', url: '/reload', authorization: undefined, type: 'application/json', body: '{"name":"grüße"}' },
    ]);
  });

  test.each(['GET', 'PUT', 'DELETE'])('%s', async (method) => {
    const { url, asked } = await serving((response) => response.writeHead(204).end());
    expect(await stepOf(url, { method }).run(order())).toEqual({ outcome: 'worked', exit: 'answered 204' });
    expect(asked).toMatchObject([{ method, body: '' }]);
  });

  test('the authorization comes from its file, and is not kept where the other side repeats it', async () => {
    const { url, asked } = await serving((response, { authorization }) =>
      response.end(`you said ${authorization}, token=${authorization?.split(' ')[1]}`),
    );
    const result = await stepOf(url, { authorization_file: secretFile('Bearer s3cr3t\n') }).run(order());
    expect(asked[0]?.authorization).toBe('Bearer s3cr3t');
    expect(result.output?.toString()).toBe('you said [redacted], token=[redacted]');
  });
});

describe('failed', () => {
  test('another status; a redirection is not followed', async () => {
    const { url, asked } = await serving((response) => response.writeHead(302, { location: '/else' }).end('moved'));
    expect(await stepOf(url).run(order())).toEqual({
      outcome: 'failed',
      exit: 'answered 302, expected 200 or 201 or 202 or 204',
      output: Buffer.from('moved'),
    });
    expect(asked.length).toBe(1);
    expect((await stepOf(url, { expect: [302] }).run(order())).outcome).toBe('worked');
  });

  test('nobody listens; no such host', async () => {
    expect(await stepOf('http://127.0.0.1:1/').run(order())).toEqual({
      outcome: 'failed',
      exit: 'the connection was refused',
    });
    expect(await stepOf('http://no-such-host.invalid/').run(order())).toMatchObject({
      outcome: 'failed',
      exit: expect.stringMatching(/^the request cannot be made: .*(ENOTFOUND|EAI_AGAIN)/),
    });
  });

  test('no answer in time', async () => {
    const { url } = await serving(() => {});
    expect(await stepOf(url, {}, { timeout_s: 0.1 }).run(order())).toEqual({
      outcome: 'timed_out',
      exit: 'no complete answer within 0.1 s',
    });
  });

  test('interrupted', async () => {
    const { url, asked } = await serving(() => controller.abort());
    const controller = new AbortController();
    expect(await stepOf(url).run(order(controller.signal))).toMatchObject({
      outcome: 'failed',
      exit: expect.stringContaining('interrupted'),
    });
    expect((await stepOf(url).run(order(controller.signal))).outcome).toBe('failed');
    expect(asked.length).toBe(1);
  });
});

describe('refused before anything is sent', () => {
  test.each([
    [0o640, 'mode 640'],
    [0o604, 'mode 604'],
    [0o644, 'mode 644'],
    [0o620, 'mode 620'],
  ])('an authorization of mode %o', async (mode, said) => {
    const { url, asked } = await serving((response) => response.end());
    const path = secretFile('Bearer s3cr3t', mode);
    const { outcome, exit } = await stepOf(url, { authorization_file: path }).run(order());
    expect([outcome, exit]).toEqual(['failed', `refused: ${path} can be read by others (${said}): chmod 600`]);
    expect(asked).toEqual([]);
  });

  test('an authorization that is missing, a link, a pipe, empty, or cannot be a header', async () => {
    const { url, asked } = await serving((response) => response.end());
    const ask = async (authorization_file: string) => {
      const { outcome, exit } = await stepOf(url, { authorization_file }).run(order());
      expect(outcome).toBe('failed');
      return exit.replace(authorization_file, 'FILE');
    };
    const link = join(tempDir(), 'link');
    symlinkSync(secretFile('Bearer s3cr3t'), link);
    expect(await ask(join(tempDir(), 'none'))).toBe('refused: FILE: there is no such file');
    expect(await ask(link)).toBe('refused: FILE: it is a symbolic link that is not followed');
    expect(await ask(secretFile('\n'))).toBe('refused: FILE is empty');
    const pipe = join(tempDir(), 'pipe');
    spawnSync('mkfifo', [pipe]);
    expect(await ask(pipe)).toBe('refused: FILE: it is not a regular file');
    const no = 'refused: FILE does not hold one line that can be a header';
    expect(await ask(secretFile('a\r\nX-Injected: 1\n'))).toBe(no);
    expect(await ask(secretFile('x'.repeat(9000)))).toBe(no);
    expect(asked).toEqual([]);
  });

  test.skipIf(process.getuid?.() !== 0)('an authorization of another account (needs root)', async () => {
    const { url, asked } = await serving((response) => response.end());
    const path = secretFile('Bearer s3cr3t');
    chownSync(path, 65_534, 65_534);
    expect((await stepOf(url, { authorization_file: path }).run(order())).exit).toBe(
      `refused: ${path} belongs to another account`,
    );
    expect(asked).toEqual([]);
  });
});
