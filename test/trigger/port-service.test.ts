import { request } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { DRILL_HEADER } from '../../src/trigger/drill-header.js';
import { createPortService, type PortService } from '../../src/trigger/port-service.js';

let service: PortService | undefined;
afterEach(() => service?.stop());

function serviceOn(port: number): PortService {
  service = createPortService({ host: '127.0.0.1', port, nonce: 'n-1' });
  return service;
}

function ask(port: number, path: string, method = 'GET') {
  return new Promise<{ status: number | undefined; nonce: unknown; connection: unknown }>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method }, (res) => {
      res.resume();
      resolve({ status: res.statusCode, nonce: res.headers[DRILL_HEADER], connection: res.headers.connection });
    })
      .on('error', reject)
      .end();
  });
}

test('answers GET /health with its nonce and closes the connection', async () => {
  const { start } = serviceOn(0);
  await start();
  const port = service?.port ?? 0;
  expect(port).toBeGreaterThan(0);
  expect(await ask(port, '/health')).toEqual({ status: 200, nonce: 'n-1', connection: 'close' });
  expect(await ask(port, '/')).toMatchObject({ status: 404 });
  expect(await ask(port, '/health', 'POST')).toMatchObject({ status: 404 });
});

test('start rejects with EADDRINUSE when the port is taken, and works once it is free', async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address() as AddressInfo;
  const { start } = serviceOn(port);
  await expect(start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await new Promise((resolve) => holder.close(resolve));
  await start();
  expect(await ask(port, '/health')).toMatchObject({ status: 200 });
});

test('stop frees the port even while somebody is connected; start takes the same port again', async () => {
  const { start, stop } = serviceOn(0);
  await start();
  const port = service?.port ?? 0;
  const idle = connect(port, '127.0.0.1').on('error', () => {});
  await new Promise((resolve) => idle.once('connect', resolve));
  const closed = new Promise((resolve) => idle.once('close', resolve));
  await stop();
  await closed;
  await expect(ask(port, '/health')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await start();
  expect(service?.port).toBe(port);
  expect(await ask(port, '/health')).toMatchObject({ status: 200 });
});

test('start and stop may be called twice, and at once', async () => {
  const { start, stop } = serviceOn(0);
  await stop();
  await Promise.all([start(), start()]);
  await start();
  await Promise.all([stop(), stop()]);
  const starting = start();
  await stop();
  await starting;
  await expect(ask(service?.port ?? 0, '/health')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
