import { type ClientRequest, type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { connect, isIP, type Socket } from 'node:net';
import { urlToHttpOptions } from 'node:url';
import type { Clock } from '../core/host/clock.js';
import type { Place } from './authorities.js';

/** An answer may be this long; nobody reads more of it. */
export const MAX_BODY_BYTES = 64 * 1024;

/** What is asked and where; made once and used for many exchanges. */
export interface Asking {
  readonly options: RequestOptions;
  readonly place: Place;
  readonly secure: boolean;
}

export interface ExchangeOrder {
  readonly asking: Asking;
  readonly body?: string | undefined;
  /** For https; passed in, so that who asks without it does not load TLS. */
  readonly connectSecurely?: ((place: Place) => Socket) | undefined;
  /** For everything: name lookup, connection, answer, body. */
  readonly timeout_ms: number;
  readonly clock: Clock;
  readonly stop?: AbortSignal;
  /** Whether the body matters, once the status and the headers are there. */
  readonly wantsBody: (answer: { readonly status: number; readonly headers: IncomingHttpHeaders }) => boolean;
}

export type ExchangeEnd =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      /** Its first 64 KiB; empty if it was not wanted. */
      readonly body: Buffer;
    }
  | { readonly kind: 'timed_out' }
  /** The name of the host was still being looked up at the timeout: nothing was asked of the other side. */
  | { readonly kind: 'not_looked_up' }
  /** This process was itself stopped or busy, so that its timer says nothing about the other side. */
  | { readonly kind: 'held_up'; readonly took_ms: number }
  | { readonly kind: 'stopped' }
  /** The connection was closed, or taken for another protocol, without an answer and without an error. */
  | { readonly kind: 'no_answer' }
  | { readonly kind: 'failed'; readonly error: Error };

export interface AskingSpec {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Throws on an address that is none. */
export function askingFor({ url, method, headers }: AskingSpec): Asking {
  const { protocol, hostname, port, path, auth } = urlToHttpOptions(new URL(url));
  if (protocol !== 'http:' && protocol !== 'https:') throw new Error(`${protocol} is neither http: nor https:`);
  const secure = protocol === 'https:';
  const host = hostname ?? '';
  const defaultPort = secure ? 443 : 80;
  const named = Object.entries(headers).find(([name]) => name.toLowerCase() === 'host')?.[1];
  const servername = named?.replace(/:\d+$/, '') ?? host;
  return {
    options: {
      host,
      port: port ?? defaultPort,
      defaultPort,
      method,
      ...(path == null ? {} : { path }),
      ...(auth == null ? {} : { auth }),
      headers: { ...headers },
    },
    place: { host, port: Number(port ?? defaultPort), servername: isIP(servername) === 0 ? servername : undefined },
    secure,
  };
}

/** What an exchange over https needs, or why it cannot be had. */
export async function securityOf(
  ca_file?: string,
): Promise<Pick<ExchangeOrder, 'connectSecurely'> | { trouble: string }> {
  const { authoritiesOf, connectingWith } = await import('./authorities.js');
  const trust = await authoritiesOf(ca_file);
  return 'trouble' in trust ? trust : { connectSecurely: connectingWith(trust.authorities) };
}

/**
 * One question and its answer, over a connection of its own: a kept one would hide that nobody listens any more. Never
 * rejects, and leaves nothing open. Redirections are answers like any other.
 */
export function exchange(order: ExchangeOrder): Promise<ExchangeEnd> {
  const { asking, clock, timeout_ms, stop } = order;
  const started = clock.elapsed();
  return new Promise((resolve) => {
    if (stop?.aborted) {
      resolve({ kind: 'stopped' });
      return;
    }
    let req: ClientRequest | undefined;
    let lookedUp = isIP(asking.place.host) !== 0;
    let finished = false;
    const finish = (end: ExchangeEnd) => {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      stop?.removeEventListener('abort', onStop);
      resolve(end);
      req?.destroy();
    };
    const onStop = () => finish({ kind: 'stopped' });
    const timer = setTimeout(() => {
      const took_ms = (clock.elapsed() - started) * 1000;
      if (took_ms > 2 * timeout_ms) finish({ kind: 'held_up', took_ms });
      else finish({ kind: lookedUp ? 'timed_out' : 'not_looked_up' });
    }, timeout_ms);
    stop?.addEventListener('abort', onStop);

    try {
      // Without an agent: one for each request would cost a tenth of it.
      const createConnection = () => {
        const socket = connectionFor(order);
        if (!lookedUp) {
          socket.once('lookup', () => {
            lookedUp = true;
          });
        }
        return socket;
      };
      req = request({ ...asking.options, createConnection });
    } catch (error) {
      finish({ kind: 'failed', error: error as Error });
      return;
    }

    req.on('error', (error) => finish({ kind: 'failed', error }));
    let answered = false;
    // An answer that is none (101 Switching Protocols) closes the request without an error. After an answer 'close' may
    // come before the last of it has been read, and says nothing.
    req.on('close', () => answered || finish({ kind: 'no_answer' }));
    req.on('response', (res) => {
      answered = true;
      const answer = { status: res.statusCode ?? 0, headers: res.headers };
      if (!order.wantsBody(answer)) {
        finish({ kind: 'answered', ...answer, body: Buffer.alloc(0) });
        return;
      }
      const chunks: Buffer[] = [];
      let bytes = 0;
      const whole = () => finish({ kind: 'answered', ...answer, body: bodyOf(chunks) });
      res.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > MAX_BODY_BYTES) whole();
      });
      res.on('end', whole);
      res.on('error', (error) => finish({ kind: 'failed', error }));
    });
    req.end(order.body);
  });
}

function connectionFor({ asking: { place, secure }, connectSecurely }: ExchangeOrder): Socket {
  if (!secure) return connect({ host: place.host, port: place.port });
  if (connectSecurely === undefined) throw new Error('nothing to connect with to an https: address');
  return connectSecurely(place);
}

function bodyOf(chunks: readonly Buffer[]): Buffer {
  const [only] = chunks;
  const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
  return body.subarray(0, MAX_BODY_BYTES);
}
