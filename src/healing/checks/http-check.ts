import type { IncomingHttpHeaders } from 'node:http';
import type { CheckSpecs } from '../../core/config/schema/check-schema.js';
import type { Clock } from '../../core/host/clock.js';
import type { Finding, PerfValue } from '../check.js';
import { cannotRun, theirFault } from '../connection-faults.js';
import { type Asking, askingFor, type ExchangeEnd, exchange, MAX_BODY_BYTES, securityOf } from '../http-exchange.js';

type HttpSpec = CheckSpecs['http'];

/** Taking an address apart costs as much as a tenth of a probe. */
const askings = new WeakMap<HttpSpec, Asking>();

/** Asks once, over a connection of its own. What the other side does wrong is critical, what we cannot do unknown. */
export async function probeHttp(spec: HttpSpec, clock: Clock): Promise<Finding> {
  const timeout_ms = Math.round(spec.timeout * 1000);
  let asking = askings.get(spec);
  if (asking === undefined) {
    try {
      asking = askingFor(spec);
    } catch (error) {
      const malformed = (error as NodeJS.ErrnoException).code === 'ERR_INVALID_URL';
      return {
        status: 'unknown',
        summary: malformed ? 'the check cannot run: the url is malformed' : cannotRun(error),
      };
    }
    askings.set(spec, asking);
  }
  const security = asking.secure ? await securityOf(spec.ca_file) : undefined;
  if (security !== undefined && 'trouble' in security) {
    return { status: 'unknown', summary: `the check cannot run: ${security.trouble}` };
  }
  const started = clock.elapsed();
  const end = await exchange({
    asking,
    ...security,
    timeout_ms,
    clock,
    wantsBody: ({ status, headers }) => headFault(status, headers, spec) === undefined,
  });
  const finding = judge(end, spec, timeout_ms);
  if (end.kind !== 'answered') return finding;
  const time: PerfValue = { label: 'time', value: clock.elapsed() - started, unit: 's', min: 0, max: spec.timeout };
  // How long an answer is that was not read to its end, nobody knows.
  const isWhole = headFault(end.status, end.headers, spec) === undefined && end.body.length < MAX_BODY_BYTES;
  const size: PerfValue[] = isWhole ? [{ label: 'size', value: end.body.length, unit: 'B', min: 0 }] : [];
  return { ...finding, perfdata: [time, ...size] };
}

function judge(end: ExchangeEnd, spec: HttpSpec, timeout_ms: number): Finding {
  switch (end.kind) {
    case 'answered': {
      const fault = headFault(end.status, end.headers, spec) ?? bodyFault(end.body, spec);
      if (fault !== undefined) return { status: 'critical', summary: fault };
      return { status: 'ok', summary: `answered ${end.status}` };
    }
    case 'timed_out':
      return { status: 'critical', summary: `no complete answer within ${timeout_ms} ms` };
    case 'not_looked_up':
      return { status: 'unknown', summary: `the name of the host was not looked up within ${timeout_ms} ms` };
    case 'held_up':
      return { status: 'unknown', summary: `grace itself was held up for ${end.took_ms.toFixed(0)} ms` };
    case 'no_answer':
      return { status: 'critical', summary: 'the connection was closed without an answer' };
    case 'stopped':
      return { status: 'unknown', summary: 'the check was stopped' };
    case 'failed': {
      const fault = theirFault(end.error);
      if (fault !== undefined) return { status: 'critical', summary: fault };
      return { status: 'unknown', summary: cannotRun(end.error) };
    }
  }
}

function headFault(status: number, headers: IncomingHttpHeaders, spec: HttpSpec): string | undefined {
  const expected = typeof spec.expect === 'number' ? [spec.expect] : spec.expect;
  if (!expected.includes(status)) return `answered ${status}, expected ${expected.join(' or ')}`;
  if (spec.expect_header === undefined) return undefined;
  const { name, value } = spec.expect_header;
  const got = headers[name.toLowerCase()];
  if (got === undefined) return `answered ${status}, but without the header ${name}`;
  // The only header that Node hands over as a list is Set-Cookie.
  if (got === value || (Array.isArray(got) && got.includes(value))) return undefined;
  return `answered ${status}, but its header ${name} is not the expected one: another service answers`;
}

function bodyFault(body: Buffer, { contains }: HttpSpec): string | undefined {
  if (contains === undefined || body.includes(contains)) return undefined;
  return `the first 64 KiB of the answer do not contain ${JSON.stringify(contains)}`;
}
