import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CheckSpecs } from '../../../src/core/config/schema/check-schema.js';
import { systemClock } from '../../../src/core/host/clock.js';
import { probeTls } from '../../../src/healing/checks/tls-check.js';
import { hasOpenssl, type Issued, issue } from '../../support/certificates.js';
import { tempDir } from '../../support/temp-dir.js';

const NAMES = 'DNS:localhost,IP:127.0.0.1';

function probe(more: Partial<CheckSpecs['tls']>, now?: number) {
  const spec = { port: 443, days_left: 14, verify: true, timeout: 2, ...more };
  return probeTls(spec, now === undefined ? systemClock : { ...systemClock, now: () => now });
}

function listening(server: Server): Promise<number> {
  onTestFinished(() => {
    server.close();
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** Shows the certificate and those that vouch for it. */
function showing({ cert, key }: Issued, ...others: readonly Issued[]): Promise<number> {
  const chain = [cert, ...others.map((one) => one.cert)].join('\n');
  return listening(
    createServer({ cert: chain, key }, (socket) => socket.on('error', () => {})).on('tlsClientError', () => {}),
  );
}

const day = (n: number) => systemClock.now() + n * 86_400_000;

describe.skipIf(!hasOpenssl)('what a server shows (needs openssl)', () => {
  test('ok with enough days left, by address and by name', async () => {
    const ca = issue('ca', { isAuthority: true });
    const port = await showing(issue('web', { by: ca, names: NAMES }));
    const found = await probe({ host: '127.0.0.1', port, ca_file: ca.certFile });
    expect(found).toMatchObject({
      status: 'ok',
      summary: expect.stringMatching(/^29 days left of the certificate, until \d{4}-\d\d-\d\d$/),
      perfdata: [{ label: 'days_left', value: 29, unit: '', crit: '14' }],
    });
    expect((await probe({ host: 'localhost', port, ca_file: ca.certFile })).status).toBe('ok');
  });

  test('critical: too few days left, at the very bound too', async () => {
    const ca = issue('ca', { isAuthority: true, days: 300 });
    const port = await showing(issue('web', { by: ca, names: NAMES, days: 10 }));
    const ask = (days_left: number, now?: number) =>
      probe({ host: '127.0.0.1', port, ca_file: ca.certFile, days_left }, now);
    expect(await ask(14)).toMatchObject({
      status: 'critical',
      summary: expect.stringMatching(/^only 9 days left of the certificate, until /),
    });
    expect((await ask(9)).status).toBe('ok');
    expect((await ask(10)).status).toBe('critical');
    expect(await ask(0, day(11))).toMatchObject({
      status: 'critical',
      summary: expect.stringMatching(/^the certificate expired on \d{4}-\d\d-\d\d$/),
    });
    expect((await ask(0, day(-2))).summary).toMatch(/^the certificate is not valid before /);
  });

  test('critical: expired, also where nobody needs to have signed it', async () => {
    const port = await showing(issue('web', { names: NAMES, days: -1 }));
    for (const verify of [true, false]) {
      const found = await probe({ host: '127.0.0.1', port, verify });
      expect(found).toMatchObject({
        status: 'critical',
        summary: expect.stringContaining('the certificate expired on'),
      });
    }
  });

  test('critical: one that vouches for it expires sooner', async () => {
    const ca = issue('ca', { isAuthority: true, days: 300 });
    const between = issue('between', { by: ca, isAuthority: true, days: 5 });
    const port = await showing(issue('web', { by: between, names: NAMES, days: 90 }), between);
    for (const more of [{ ca_file: ca.certFile }, { verify: false }]) {
      expect(await probe({ host: '127.0.0.1', port, ...more })).toMatchObject({
        status: 'critical',
        summary: expect.stringMatching(/^only 4 days left of the certificate of between that vouches for it/),
      });
    }
    // The authority's own certificate is not the server's matter.
    expect((await probe({ host: '127.0.0.1', port, ca_file: ca.certFile, days_left: 3 })).status).toBe('ok');
  });

  test('critical: no known authority signed it, unless that does not matter', async () => {
    const ca = issue('ca', { isAuthority: true });
    const port = await showing(issue('web', { by: ca, names: NAMES }));
    expect(await probe({ host: '127.0.0.1', port })).toEqual({
      status: 'critical',
      summary: 'no known authority signed its certificate',
    });
    expect((await probe({ host: '127.0.0.1', port, verify: false })).status).toBe('ok');
  });

  test('critical: it is for another name', async () => {
    const ca = issue('ca', { isAuthority: true });
    const port = await showing(issue('web', { by: ca, names: 'DNS:web.example' }));
    const ask = (servername?: string) =>
      probe({ host: '127.0.0.1', port, ca_file: ca.certFile, ...(servername === undefined ? {} : { servername }) });
    expect((await ask()).summary).toBe('its certificate is for another name');
    expect((await ask('other.example')).summary).toBe('its certificate is for another name');
    expect((await ask('web.example')).status).toBe('ok');
  });
});

describe('critical', () => {
  test('nobody listens', async () => {
    const server = createTcpServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await probe({ host: '127.0.0.1', port })).toEqual({
      status: 'critical',
      summary: 'the connection was refused',
    });
  });

  test('what answers does not speak TLS, says nothing, or hangs up', async () => {
    const plain = await listening(
      createTcpServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9\r\n')),
    );
    expect(await probe({ host: '127.0.0.1', port: plain })).toMatchObject({
      status: 'critical',
      summary: expect.stringContaining('no TLS connection came about'),
    });
    const closing = await listening(createTcpServer((socket) => socket.on('error', () => {}).end()));
    expect((await probe({ host: '127.0.0.1', port: closing })).status).toBe('critical');
    const silent = await listening(
      createTcpServer((socket) => {
        socket.on('error', () => {}).resume();
        onTestFinished(() => {
          socket.destroy();
        });
      }),
    );
    expect(await probe({ host: '127.0.0.1', port: silent, timeout: 0.1 })).toEqual({
      status: 'critical',
      summary: 'no certificate was shown within 100 ms',
    });
  });
});

describe('unknown: the check cannot run', () => {
  test('a name that does not exist, nothing to look at, an authority that cannot be read', async () => {
    expect((await probe({ host: 'no-such-host.invalid' })).status).toBe('unknown');
    expect((await probe({})).summary).toBe('the check cannot run: neither a host nor a file is named');
    const ca_file = join(tempDir(), 'ca.pem');
    expect(await probe({ host: '127.0.0.1', ca_file })).toEqual({
      status: 'unknown',
      summary: `the check cannot run: ${ca_file}: there is no such file`,
    });
  });
});

describe('what lies in a file', () => {
  test('critical: missing, a directory, a pipe, no certificate', async () => {
    const file = join(tempDir(), 'cert.pem');
    const ask = async () => {
      const found = await probe({ file });
      expect(found.status).toBe('critical');
      return found.summary.replace(file, '');
    };
    expect(await ask()).toBe(': there is no such file');
    mkdirSync(file);
    expect(await ask()).toBe(': it is not a regular file');
    rmSync(file, { recursive: true });
    spawnSync('mkfifo', [file]);
    expect(await ask()).toBe(': it is not a regular file');
    rmSync(file);
    writeFileSync(file, 'x');
    expect(await ask()).toBe(' holds no certificate');
    writeFileSync(file, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    expect(await ask()).toMatch(/^ holds a certificate that cannot be read: /);
  });

  describe.skipIf(!hasOpenssl)('(needs openssl)', () => {
    test('ok if an authority signed it, directly or through others that lie in it too', async () => {
      const ca = issue('ca', { isAuthority: true });
      const between = issue('between', { by: ca, isAuthority: true });
      const direct = issue('web', { by: ca });
      expect(await probe({ file: direct.certFile, ca_file: ca.certFile })).toMatchObject({
        status: 'ok',
        summary: expect.stringMatching(/^29 days left of the certificate, until /),
      });
      const web = issue('web', { by: between });
      expect((await probe({ file: web.certFile, ca_file: ca.certFile })).summary).toBe(
        'no known authority signed the certificate',
      );
      // With its key before it, as some servers want it.
      writeFileSync(web.certFile, [web.key, web.cert, between.cert, ca.cert].join('\n'));
      expect((await probe({ file: web.certFile, ca_file: ca.certFile })).status).toBe('ok');
    });

    test('critical: an authority of the same name signed it with another key; itself; one that is no authority', async () => {
      const [ca, other] = [issue('ca', { isAuthority: true }), issue('ca', { isAuthority: true })];
      const summary = 'no known authority signed the certificate';
      expect(await probe({ file: issue('web', { by: other }).certFile, ca_file: ca.certFile })).toEqual({
        status: 'critical',
        summary,
      });
      const self = issue('web');
      expect((await probe({ file: self.certFile })).summary).toBe(summary);
      expect((await probe({ file: self.certFile, verify: false })).status).toBe('ok');
      const leaf = issue('leaf', { by: ca });
      const web = issue('web', { by: leaf });
      writeFileSync(web.certFile, web.cert + leaf.cert);
      expect((await probe({ file: web.certFile, ca_file: ca.certFile })).summary).toBe(summary);
    });

    test('critical: too few days left, of it or of one that vouches for it', async () => {
      const ca = issue('ca', { isAuthority: true, days: 300 });
      const between = issue('between', { by: ca, isAuthority: true, days: 5 });
      const web = issue('web', { by: between, days: 90 });
      writeFileSync(web.certFile, web.cert + between.cert);
      for (const more of [{ ca_file: ca.certFile }, { verify: false }]) {
        expect((await probe({ file: web.certFile, ...more })).summary).toMatch(
          /^only 4 days left of the certificate of between that vouches for it/,
        );
      }
      expect((await probe({ file: web.certFile, ca_file: ca.certFile }, day(6))).summary).toMatch(
        /^the certificate of between that vouches for it expired on /,
      );
      expect((await probe({ file: web.certFile, ca_file: ca.certFile }, day(91))).summary).toMatch(
        /^the certificate expired on /,
      );
    });

    test('critical: it is for another name', async () => {
      const ca = issue('ca', { isAuthority: true });
      const { certFile: file } = issue('web', { by: ca, names: 'DNS:web.example' });
      const ask = (servername: string) => probe({ file, ca_file: ca.certFile, servername });
      expect((await ask('web.example')).status).toBe('ok');
      expect((await ask('other.example')).summary).toBe('the certificate is not for other.example');
    });
  });
});
