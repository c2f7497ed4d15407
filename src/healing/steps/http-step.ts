import type { StepSpecs } from '../../core/config/schema/playbook-schema.js';
import { effectiveUid } from '../../core/host/account.js';
import type { Clock } from '../../core/host/clock.js';
import { theirFault, whyNot } from '../connection-faults.js';
import { type Asking, askingFor, type ExchangeEnd, exchange, securityOf } from '../http-exchange.js';
import type { Step, StepOrder, StepResult } from '../playbook.js';
import { openRegularFile, readUpTo } from '../regular-file.js';

export const HTTP_TIMEOUT_S = 10;

const MAX_AUTHORIZATION_BYTES = 8192;

export interface HttpStepSpec {
  readonly name: string;
  readonly http: StepSpecs['http'];
  readonly timeout_s?: number | undefined;
  /** Without it: every request but POST, which alone may do twice what it did once (RFC 9110, 9.2.2). */
  readonly repeatable?: boolean | undefined;
}

/** Sends one request; a status that is expected lets the next step run. Redirections are not followed. */
export function httpStep({ name, http, timeout_s = HTTP_TIMEOUT_S, repeatable }: HttpStepSpec, clock: Clock): Step {
  return {
    name,
    destroys: `whatever ${http.method} ${shownUrl(http.url)} makes the other side do`,
    repeatable: repeatable ?? http.method !== 'POST',
    timeout_s,
    run: (order) => send(http, { order, timeout_s, clock }),
  };
}

interface Props {
  readonly order: StepOrder;
  readonly timeout_s: number;
  readonly clock: Clock;
}

async function send(http: StepSpecs['http'], { order, timeout_s, clock }: Props): Promise<StepResult> {
  const { authorization_file } = http;
  const secret = authorization_file === undefined ? undefined : await authorizationOf(authorization_file);
  if (secret !== undefined && 'refused' in secret) return failed(`refused: ${secret.refused}`);
  const headers = secret === undefined ? http.headers : { ...http.headers, authorization: secret.value };
  let asking: Asking;
  try {
    asking = askingFor({ url: http.url, method: http.method, headers });
  } catch (error) {
    return failed(`the request cannot be made: ${whyNot(error)}`);
  }
  const security = asking.secure ? await securityOf() : undefined;
  if (security !== undefined && 'trouble' in security) return failed(security.trouble);
  const end = await exchange({
    asking,
    ...security,
    body: http.body,
    timeout_ms: timeout_s * 1000,
    clock,
    stop: order.stop,
    wantsBody: () => true,
  });
  return resultOf(end, http, timeout_s, secret?.value);
}

function resultOf(
  end: ExchangeEnd,
  { expect }: StepSpecs['http'],
  timeout_s: number,
  secret: string | undefined,
): StepResult {
  switch (end.kind) {
    case 'answered': {
      const output = end.body.length === 0 ? {} : { output: without(secret, end.body) };
      if (expect.includes(end.status)) return { outcome: 'worked', exit: `answered ${end.status}`, ...output };
      return { outcome: 'failed', exit: `answered ${end.status}, expected ${expect.join(' or ')}`, ...output };
    }
    case 'timed_out':
      return { outcome: 'timed_out', exit: `no complete answer within ${timeout_s} s` };
    case 'not_looked_up':
      return { outcome: 'timed_out', exit: `the name of the host was not looked up within ${timeout_s} s` };
    case 'held_up':
      return { outcome: 'timed_out', exit: `grace itself was held up for ${end.took_ms.toFixed(0)} ms` };
    case 'stopped':
      return failed('interrupted; whether the request had an effect is not known');
    case 'no_answer':
      return failed('the connection was closed without an answer');
    case 'failed':
      return failed(theirFault(end.error) ?? `the request cannot be made: ${whyNot(end.error)}`);
  }
}

/** The first line of a file that nobody else can read, and that nobody else put there. */
async function authorizationOf(path: string): Promise<{ value: string } | { refused: string }> {
  const opened = await openRegularFile(path, { nofollow: true });
  if ('trouble' in opened) return { refused: `${path}: ${opened.trouble.sentence}` };
  const { handle, stats } = opened;
  try {
    if ((stats.mode & 0o077) !== 0) {
      const mode = (stats.mode & 0o777).toString(8);
      return { refused: `${path} can be read by others (mode ${mode}): chmod 600` };
    }
    if (stats.uid !== effectiveUid() && stats.uid !== 0) return { refused: `${path} belongs to another account` };
    const text = (await readUpTo(handle, MAX_AUTHORIZATION_BYTES + 1)).toString('latin1');
    const value = text.replace(/\r?\n$/, '');
    if (value === '') return { refused: `${path} is empty` };
    // What Node would refuse as well, with the value in its message.
    if (text.length > MAX_AUTHORIZATION_BYTES || /[^\t\x20-\x7e]/.test(value)) {
      return { refused: `${path} does not hold one line that can be a header` };
    }
    return { value };
  } catch {
    return { refused: `${path} cannot be read` };
  } finally {
    await handle.close();
  }
}

/** Some servers answer with what they were sent. */
function without(secret: string | undefined, body: Buffer): Buffer {
  if (secret === undefined) return body;
  // A scheme such as Bearer is no secret; what follows it is.
  const parts = [secret, secret.slice(secret.indexOf(' ') + 1)];
  let text = body.toString('latin1');
  for (const part of parts) text = text.replaceAll(part, '[redacted]');
  return Buffer.from(text, 'latin1');
}

function shownUrl(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  // Often a token.
  return `${parsed.origin}${parsed.pathname}`;
}

function failed(exit: string): StepResult {
  return { outcome: 'failed', exit };
}
