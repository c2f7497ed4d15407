import { Resolver } from 'node:dns/promises';
import { open } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { CheckSpecs } from '../../core/config/schema/check-schema.js';
import type { Clock } from '../../core/host/clock.js';
import type { Finding } from '../check.js';
import { cannotRun } from '../connection-faults.js';
import { shortened } from './shown.js';

type DnsSpec = CheckSpecs['dns'];

const THEIR_FAULTS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such name',
  ENODATA: 'the name has no such record',
  ESERVFAIL: 'the server failed',
  EREFUSED: 'the server refuses to answer',
  ENOTIMP: 'the server does not know such questions',
  EFORMERR: 'the server does not understand the question',
  EBADRESP: 'the answer is malformed',
  ECONNREFUSED: 'no server answers there',
  ETIMEOUT: 'no answer in time',
};

/** Asks a name server, once. The answer of /etc/hosts, of caches and of search domains is not asked for. */
export async function probeDns(spec: DnsSpec, clock: Clock): Promise<Finding> {
  const timeout_ms = Math.round(spec.timeout * 1000);
  const started = clock.elapsed();
  let resolver: Resolver;
  try {
    resolver = new Resolver({ timeout: timeout_ms, tries: 1 });
    if (spec.server !== undefined) resolver.setServers([spec.server]);
  } catch (error) {
    return { status: 'unknown', summary: cannotRun(error) };
  }
  // The resolver's own timeout holds for each server of a list, and for UDP and TCP each.
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    resolver.cancel();
  }, timeout_ms);
  try {
    return judge(await answersTo(resolver, spec), spec);
  } catch (error) {
    const took_ms = (clock.elapsed() - started) * 1000;
    const { code = '' } = error as NodeJS.ErrnoException;
    if (late || code === 'ETIMEOUT') {
      if (took_ms <= 2 * timeout_ms) return { status: 'critical', summary: `no answer within ${timeout_ms} ms` };
      return { status: 'unknown', summary: `grace itself was held up for ${took_ms.toFixed(0)} ms` };
    }
    const fault = Object.hasOwn(THEIR_FAULTS, code) ? THEIR_FAULTS[code] : undefined;
    if (fault === undefined) return { status: 'unknown', summary: cannotRun(error) };
    // The resolver says the same when it got no socket.
    const own = code === 'ECONNREFUSED' ? await noDescriptors() : undefined;
    if (own !== undefined) return { status: 'unknown', summary: cannotRun(own) };
    return { status: 'critical', summary: `${spec.name} (${spec.type}): ${fault}` };
  } finally {
    clearTimeout(timer);
  }
}

function judge(answers: readonly string[], { name, type, expect }: DnsSpec): Finding {
  const shown =
    shortened(answers.slice(0, 4).join(', ')) + (answers.length > 4 ? ` and ${answers.length - 4} more` : '');
  if (answers.length === 0) return { status: 'critical', summary: `${name} (${type}): the answer is empty` };
  if (expect === undefined || answers.some((answer) => isSame(answer, expect, type))) {
    return { status: 'ok', summary: `${name} (${type}): ${shown}` };
  }
  return { status: 'critical', summary: `${name} (${type}): ${shown}, and not ${expect}` };
}

/** Each record as it stands in a zone: `10 mail.example.org`, `0 5 5060 sip.example.org`. */
async function answersTo(resolver: Resolver, { name, type }: DnsSpec): Promise<string[]> {
  switch (type) {
    case 'A':
      return resolver.resolve4(name);
    case 'AAAA':
      return resolver.resolve6(name);
    case 'CNAME':
      return resolver.resolveCname(name);
    case 'NS':
      return resolver.resolveNs(name);
    case 'PTR':
      return isIP(name) === 0 ? resolver.resolvePtr(name) : resolver.reverse(name);
    case 'MX':
      return (await resolver.resolveMx(name)).map(({ priority, exchange }) => `${priority} ${exchange}`);
    case 'SRV':
      return (await resolver.resolveSrv(name)).map((r) => `${r.priority} ${r.weight} ${r.port} ${r.name}`);
    case 'TXT':
      return (await resolver.resolveTxt(name)).map((parts) => parts.join(''));
  }
}

/** Of MX and SRV records the name alone will do. */
function isSame(answer: string, expect: string, type: DnsSpec['type']): boolean {
  if (type === 'TXT') return answer === expect;
  const [want, got] = [canonical(expect), canonical(answer)];
  return got === want || ((type === 'MX' || type === 'SRV') && got.split(' ').at(-1) === want);
}

/** Names regardless of case and of the last dot; an IPv6 address in its shortest spelling. */
function canonical(text: string): string {
  if (isIP(text) === 6) return new URL(`http://[${text.replace(/%.*/, '')}]`).hostname;
  return text.toLowerCase().replace(/\.$/, '');
}

async function noDescriptors(): Promise<Error | undefined> {
  try {
    await (await open('/dev/null')).close();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
