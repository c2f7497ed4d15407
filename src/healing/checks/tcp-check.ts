import { connect, isIP } from 'node:net';
import type { CheckSpecs } from '../../core/config/schema/check-schema.js';
import type { Clock } from '../../core/host/clock.js';
import type { Finding } from '../check.js';
import { cannotRun, eachOf, theirFault } from '../connection-faults.js';

/** So much of an unexpected answer is shown. */
const MAX_SHOWN_BYTES = 80;

/** Connects, says something if told to, and compares how the answer begins. */
export function probeTcp(spec: CheckSpecs['tcp'], clock: Clock): Promise<Finding> {
  const { host, port, send } = spec;
  const timeout_ms = Math.round(spec.timeout * 1000);
  const expected = spec.expect === undefined || spec.expect === '' ? undefined : Buffer.from(spec.expect);
  const started = clock.elapsed();
  return new Promise((resolve) => {
    let lookedUp = isIP(host) !== 0;
    let connected = false;
    let got = Buffer.alloc(0);
    const finish = (status: Finding['status'], summary: string) => {
      clearTimeout(timer);
      resolve({ status, summary });
      socket.destroy();
    };
    const timer = setTimeout(() => {
      const took_ms = (clock.elapsed() - started) * 1000;
      if (took_ms > 2 * timeout_ms) finish('unknown', `grace itself was held up for ${took_ms.toFixed(0)} ms`);
      else if (!lookedUp) finish('unknown', `the name of the host was not looked up within ${timeout_ms} ms`);
      else if (!connected) finish('critical', `no connection within ${timeout_ms} ms`);
      else finish('critical', `no complete answer within ${timeout_ms} ms${andCame(got)}`);
    }, timeout_ms);

    const socket = connect({ host, port });
    socket.on('lookup', () => {
      lookedUp = true;
    });
    socket.on('error', (error) => {
      const fault = tcpFault(error, connected);
      if (fault !== undefined) finish('critical', fault);
      else finish('unknown', cannotRun(error));
    });
    socket.on('connect', () => {
      connected = true;
      if (expected !== undefined) {
        if (send !== undefined) socket.write(send);
        return;
      }
      if (send === undefined) finish('ok', 'accepts connections');
      else socket.write(send, () => finish('ok', 'accepts connections'));
    });
    socket.on('data', (chunk: Buffer) => {
      if (expected === undefined) return;
      got = Buffer.concat([got, chunk.subarray(0, expected.length - got.length)]);
      if (!expected.subarray(0, got.length).equals(got)) {
        finish(
          'critical',
          `answered ${shown(Buffer.concat([got, chunk.subarray(got.length)]))}, which is not expected`,
        );
      } else if (got.length === expected.length) finish('ok', 'answered as expected');
    });
    socket.on('end', () =>
      finish('critical', `the connection was closed before the answer was complete${andCame(got)}`),
    );
  });
}

function tcpFault(error: Error, connected: boolean): string | undefined {
  const fault = theirFault(error);
  if (fault !== undefined) return connected ? fault : fault.replace(' before the answer was complete', '');
  // To ask whether a host can be reached is what a check of this kind is for.
  const noRoute = eachOf(error).some(({ code }) => code === 'ENETUNREACH' || code === 'EHOSTDOWN');
  return noRoute ? 'there is no way to the host' : undefined;
}

function andCame(got: Buffer): string {
  return got.length === 0 ? '' : `: only ${shown(got)} came`;
}

function shown(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('utf8', 0, MAX_SHOWN_BYTES));
}
