import { type IncomingMessage, request } from 'node:http';
import type { Clock } from '../core/host/clock.js';
import type { Severity } from '../core/records/incident.js';
import type { Check, Probe, ProbeStatus } from './check.js';

/** An answer may be this long; nobody reads more of it. */
const MAX_BODY_BYTES = 64 * 1024;

/** What the other side can do to us. Everything else (EMFILE, ENOTFOUND, ENETUNREACH, …) is our own trouble: unknown. */
const THEIR_FAULTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset before the answer was complete',
  ECONNABORTED: 'the connection was aborted',
  EPIPE: 'the connection was closed while asking',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'the host does not answer',
};

export interface HttpCheckOptions {
  readonly name: string;
  /** `http:` only. */
  readonly url: string;
  readonly expectStatus: number;
  readonly expectHeader?: { readonly name: string; readonly value: string };
  /** For the whole probe: name lookup, connection, answer, body. */
  readonly timeout_ms: number;
  readonly failure_mode: string;
  readonly severity: Severity;
  readonly clock: Clock;
}

export function httpCheck(options: HttpCheckOptions): Check {
  return {
    name: options.name,
    target: withoutCredentials(options.url),
    failure_mode: options.failure_mode,
    severity: options.severity,
    probe: () => probe(options),
  };
}

type Verdict = readonly [status: ProbeStatus, summary: string];

function probe(options: HttpCheckOptions): Promise<Probe> {
  const { clock, timeout_ms } = options;
  const started = clock.elapsed();
  return new Promise((resolve) => {
    let finished = false;
    let finish = ([status, summary]: Verdict) => {
      finished = true;
      resolve({ status, summary, duration_s: clock.elapsed() - started });
    };

    let req: ReturnType<typeof request>;
    try {
      // Without an agent each probe has a connection of its own: a kept one would hide that nobody listens any more.
      req = request(options.url, { agent: false });
    } catch (error) {
      finish(['unknown', `the check cannot run: ${sentenceOf(error)}`]);
      return;
    }

    const timer = setTimeout(() => {
      const took_ms = (clock.elapsed() - started) * 1000;
      // The timer of a process that was itself stopped or busy says nothing about the server.
      if (took_ms > 2 * timeout_ms) finish(['unknown', `grace itself was held up for ${took_ms.toFixed(0)} ms`]);
      else finish(['critical', `no complete answer within ${timeout_ms} ms`]);
    }, timeout_ms);

    const settle = finish;
    finish = (verdict) => {
      if (finished) return;
      clearTimeout(timer);
      settle(verdict);
      req.destroy();
    };

    req.on('error', (error) => finish(judgeError(error)));
    let answered = false;
    // An answer that is none (101 Switching Protocols) closes the request without an error. After an answer 'close' may
    // come before the last of it has been read, and says nothing.
    req.on('close', () => answered || finish(['critical', 'the connection was closed without an answer']));
    req.on('response', (res) => {
      answered = true;
      const wrong = whatIsWrong(res, options);
      if (wrong !== undefined) {
        finish(['critical', wrong]);
        return;
      }
      const well: Verdict = ['ok', `answered ${options.expectStatus}`];
      let bytes = 0;
      res.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_BODY_BYTES) finish(well);
      });
      res.on('end', () => finish(well));
      res.on('error', (error) => finish(judgeError(error)));
    });
    req.end();
  });
}

function whatIsWrong(res: IncomingMessage, { expectStatus, expectHeader }: HttpCheckOptions): string | undefined {
  if (res.statusCode !== expectStatus) return `answered ${res.statusCode}, expected ${expectStatus}`;
  if (expectHeader === undefined) return undefined;
  const got = res.headers[expectHeader.name.toLowerCase()];
  if (got === undefined) return `answered ${expectStatus}, but without the header ${expectHeader.name}`;
  if (got === expectHeader.value) return undefined;
  return `answered ${expectStatus}, but its header ${expectHeader.name} is not the expected one: another service answers`;
}

function judgeError(error: Error): Verdict {
  // A name with several addresses fails with all their errors at once; one fault of the other side is enough.
  const all = error instanceof AggregateError ? (error.errors as Error[]) : [error];
  for (const { code } of all as NodeJS.ErrnoException[]) {
    if (code === undefined) continue;
    const fault = Object.hasOwn(THEIR_FAULTS, code) ? THEIR_FAULTS[code] : undefined;
    if (fault !== undefined) return ['critical', fault];
    if (code.startsWith('HPE_')) return ['critical', 'what answered does not speak HTTP'];
  }
  return ['unknown', `the check cannot run: ${sentenceOf(error)}`];
}

function sentenceOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ERR_INVALID_URL') return 'the url is malformed';
  return message || code || 'unknown reason';
}

function withoutCredentials(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  if (parsed.username === '' && parsed.password === '') return url;
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}
