import { createHash, createHmac } from 'node:crypto';
import type { GraceConfig } from '../../core/config/schema/grace-schema.js';
import { systemErrorSentence } from '../../core/errors.js';
import type { Clock } from '../../core/host/clock.js';
import { ownPid } from '../../core/host/signal.js';
import { readSmallFile } from '../../core/journal/small-file.js';
import { runChild } from '../child/run-child.js';
import type { Distrust } from '../distrust.js';
import { askingFor, exchange, securityOf } from '../http-exchange.js';

/** One way to tell somebody. */
export interface Channel {
  /**
   * For the record: the program, or the address without what follows its path, and a hash of the whole where there is more. It
   * does not change with the order of the channels, or what one has taken would count as taken by another. No two of one
   * configuration are the same.
   */
  readonly name: string;
  readonly events: readonly string[];
  /** `undefined` once it was taken; else why it was not. Never rejects. */
  send(text: string): Promise<string | undefined>;
}

const MAX_SECRET_BYTES = 4096;
const HASH_DIGITS = 8;

export function channelsOf(config: GraceConfig, clock: Clock, distrust?: Distrust): Channel[] {
  const channels = config.notify.map((one): Channel => {
    const timeout_ms = one.timeout * 1000;
    if (one.run) {
      const { run: argv } = one;
      return {
        name: nameOf(argv[0] ?? '', argv.slice(1).join('\0')),
        events: one.on,
        send: async (text) => distrust?.(argv) ?? tellProgram(argv, text, timeout_ms, clock),
      };
    }
    const { url = '', secret_file = '' } = one.webhook ?? {};
    const { origin, pathname, search } = new URL(url);
    return {
      name: nameOf(`${origin}${pathname}`, search),
      events: one.on,
      send: (text) => tellWebhook({ url, secret_file, timeout_ms, clock }, text),
    };
  });
  return channels.map((channel, i) => {
    const before = channels.slice(0, i).filter(({ name }) => name === channel.name).length;
    return before === 0 ? channel : { ...channel, name: `${channel.name} (${before + 1})` };
  });
}

/** What follows may be a secret: a hash of it tells channels apart and says nothing. */
function nameOf(shown: string, rest: string): string {
  return rest === '' ? shown : `${shown} #${createHash('sha256').update(rest).digest('hex').slice(0, HASH_DIGITS)}`;
}

/** Two programs, of this process or of another, are told apart: a timeout ends what its own has started. */
let told = 0;

async function tellProgram(argv: readonly string[], text: string, timeout_ms: number, clock: Clock) {
  const { end } = await runChild({
    argv,
    stdin: `${text}\n`,
    timeout_ms,
    marker: `notify:${ownPid()}:${told++}`,
    clock,
    max_output_bytes: 0,
  });
  switch (end.kind) {
    case 'exited':
      return end.code === 0 ? undefined : `exit ${end.code}`;
    case 'signalled':
      return `ended by ${end.signal}`;
    case 'timed_out':
      return `ended after ${timeout_ms} ms`;
    case 'stopped':
      return 'stopped';
    case 'not_started':
      return end.reason;
  }
}

/** The signature is over the body's bytes: HMAC-SHA256 with the secret, as `sha256=…` (the form GitHub's webhooks have). */
export function signatureOf(secret: Buffer, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

interface Webhook {
  readonly url: string;
  readonly secret_file: string;
  readonly timeout_ms: number;
  readonly clock: Clock;
}

async function tellWebhook(
  { url, secret_file, timeout_ms, clock }: Webhook,
  body: string,
): Promise<string | undefined> {
  let secret: Buffer;
  try {
    const read = readSmallFile(secret_file, MAX_SECRET_BYTES);
    if (read === undefined) return `there is no secret at ${secret_file}`;
    secret = trimmed(read);
  } catch (error) {
    return `${secret_file}: ${systemErrorSentence(error) ?? (error as Error).message}`;
  }
  if (secret.length === 0) return `${secret_file} is empty: nothing is sent unsigned`;
  const headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'x-grace-signature-256': signatureOf(secret, body),
  };
  const asking = askingFor({ url, method: 'POST', headers });
  const security = asking.secure ? await securityOf() : undefined;
  if (security !== undefined && 'trouble' in security) return security.trouble;
  const end = await exchange({ asking, ...security, body, timeout_ms, clock, wantsBody: () => false });
  switch (end.kind) {
    case 'answered':
      return end.status >= 200 && end.status < 300 ? undefined : `answered ${end.status}`;
    case 'failed':
      return end.error.message;
    case 'timed_out':
    case 'not_looked_up':
      return `no answer within ${timeout_ms} ms`;
    case 'held_up':
      return 'grace itself was held up';
    case 'stopped':
    case 'no_answer':
      return 'no answer';
  }
}

/** Without the line feed that editors put at the end. */
function trimmed(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end--;
  return bytes.subarray(0, end);
}
