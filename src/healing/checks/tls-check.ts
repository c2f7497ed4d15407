import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import type { CheckSpecs } from '../../core/config/schema/check-schema.js';
import type { Clock } from '../../core/host/clock.js';
import { type Authorities, authoritiesOf, certificatesIn } from '../authorities.js';
import type { Finding } from '../check.js';
import { cannotRun, certificateFault, theirFault } from '../connection-faults.js';
import { readRegularFile } from '../regular-file.js';

type TlsSpec = CheckSpecs['tls'];

const DAY_MS = 86_400_000;
const MAX_FILE_BYTES = 1024 * 1024;
/** Longer chains do not occur; a circle would. */
const MAX_CHAIN = 10;

/** How many days are left of the certificate that a server shows, or that lies in a file, and of those that vouch for it. */
export async function probeTls(spec: TlsSpec, clock: Clock): Promise<Finding> {
  if (spec.file === undefined && spec.host === undefined) return unknown('neither a host nor a file is named');
  const trust = spec.verify ? await authoritiesOf(spec.ca_file) : undefined;
  if (trust !== undefined && 'trouble' in trust) return unknown(trust.trouble);
  const shown =
    spec.file === undefined
      ? await shownBy(spec, clock, trust?.authorities)
      : await inFile(spec, spec.file, trust?.authorities);
  return 'status' in shown ? shown : judge(shown, spec, clock.now());
}

interface Validity {
  readonly subject: string;
  /** Milliseconds, UTC. */
  readonly from: number;
  readonly to: number;
}

interface Chain {
  /** The certificate itself first, then those that vouch for it; an authority's own is not among them. */
  readonly validities: readonly Validity[];
  /** Why it is not to be trusted. */
  readonly untrusted: string | undefined;
}

function judge({ validities, untrusted }: Chain, { days_left }: TlsSpec, now: number): Finding {
  for (const [i, { subject, from, to }] of validities.entries()) {
    const whose = i === 0 ? 'the certificate' : `the certificate of ${subject} that vouches for it`;
    if (!(from <= now)) return critical(`${whose} is not valid before ${dateOf(from)}`);
    if (!(to > now)) return critical(`${whose} expired on ${dateOf(to)}`);
  }
  // What has expired is said so before: it is among the reasons for which nobody trusts it.
  if (untrusted !== undefined) return critical(untrusted);
  const [own] = validities;
  const first = validities.reduce(
    (one, other) => (other.to < one.to ? other : one),
    own ?? { subject: '', from: 0, to: 0 },
  );
  const days = Math.floor((first.to - now) / DAY_MS);
  const left = `${days} ${days === 1 ? 'day' : 'days'} left of the certificate${first === own ? '' : ` of ${first.subject} that vouches for it`}, until ${dateOf(first.to)}`;
  return {
    status: days < days_left ? 'critical' : 'ok',
    summary: days < days_left ? `only ${left}` : left,
    perfdata: [{ label: 'days_left', value: days, unit: '', crit: String(days_left) }],
  };
}

function dateOf(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 10) : 'a date that cannot be read';
}

function shownBy(spec: TlsSpec, clock: Clock, authorities: Authorities | undefined): Promise<Chain | Finding> {
  const { host = '', port } = spec;
  const servername = spec.servername ?? (isIP(host) === 0 ? host : undefined);
  const timeout_ms = Math.round(spec.timeout * 1000);
  const started = clock.elapsed();
  return new Promise((resolve) => {
    let lookedUp = isIP(host) !== 0;
    const finish = (end: Chain | Finding) => {
      clearTimeout(timer);
      resolve(end);
      socket.destroy();
    };
    const timer = setTimeout(() => {
      const took_ms = (clock.elapsed() - started) * 1000;
      if (took_ms > 2 * timeout_ms) finish(unknown(`grace itself was held up for ${took_ms.toFixed(0)} ms`));
      else if (!lookedUp) finish(unknown(`the name of the host was not looked up within ${timeout_ms} ms`));
      else finish(critical(`no certificate was shown within ${timeout_ms} ms`));
    }, timeout_ms);
    // It is to be seen whatever it is like; whether it is trusted is asked afterwards.
    const socket = connect({
      host,
      port,
      rejectUnauthorized: false,
      ...(servername === undefined ? {} : { servername }),
      ...(authorities === undefined ? {} : { secureContext: authorities.context }),
    });
    socket.on('lookup', () => {
      lookedUp = true;
    });
    socket.on('secureConnect', () => {
      const validities = validitiesOf(socket.getPeerCertificate(true));
      if (validities.length === 0) finish(critical('the server shows no certificate'));
      // The types promise an error; it is its code.
      else finish({ validities, untrusted: authorities && whyUntrusted(String(socket.authorizationError ?? '')) });
    });
    socket.on('error', (error) => {
      const fault = theirFault(error);
      finish(fault === undefined ? { status: 'unknown', summary: cannotRun(error) } : critical(fault));
    });
    socket.on('close', () => finish(critical('the connection was closed before a certificate was shown')));
  });
}

function whyUntrusted(code: string): string | undefined {
  return code === '' ? undefined : (certificateFault(code) ?? `its certificate is not accepted: ${code}`);
}

function validitiesOf(own: DetailedPeerCertificate): Validity[] {
  const validities: Validity[] = [];
  for (let one = own; one?.valid_to !== undefined && validities.length < MAX_CHAIN; one = one.issuerCertificate) {
    const isRoot = one.issuerCertificate === one;
    // An authority's own certificate is this host's matter, not the server's.
    if (!isRoot || validities.length === 0) {
      const subject = String(one.subject?.CN ?? one.subject?.O ?? 'an authority');
      validities.push({ subject, from: Date.parse(one.valid_from), to: Date.parse(one.valid_to) });
    }
    if (isRoot) break;
  }
  return validities;
}

async function inFile(spec: TlsSpec, path: string, authorities: Authorities | undefined): Promise<Chain | Finding> {
  const read = await readRegularFile(path, MAX_FILE_BYTES);
  if ('trouble' in read) {
    const { kind, sentence } = read.trouble;
    return kind === 'unreadable' ? unknown(`${path}: ${sentence}`) : critical(`${path}: ${sentence}`);
  }
  const certificates: X509Certificate[] = [];
  try {
    certificates.push(...certificatesIn(read.bytes.toString('latin1')).map((pem) => new X509Certificate(pem)));
  } catch (error) {
    return critical(`${path} holds a certificate that cannot be read: ${(error as Error).message}`);
  }
  const [own, ...others] = certificates;
  if (own === undefined) return critical(`${path} holds no certificate`);
  const path_to = authorities === undefined ? undefined : pathToAuthority(own, others, authorities.certificates());
  const named = spec.servername === undefined || own.checkHost(spec.servername) !== undefined;
  return {
    validities: [own, ...(path_to ?? others.filter((one) => !isSelfIssued(one)))].map(validityOf),
    untrusted:
      authorities !== undefined && path_to === undefined
        ? 'no known authority signed the certificate'
        : named
          ? undefined
          : `the certificate is not for ${spec.servername}`,
  };
}

/**
 * Those of `others` that lead from the certificate to an authority; `undefined` if none do. Only signatures are followed:
 * what an authority may vouch for, and what it has revoked, a server's clients know.
 */
function pathToAuthority(
  own: X509Certificate,
  others: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): X509Certificate[] | undefined {
  const between: X509Certificate[] = [];
  for (let one = own; between.length < MAX_CHAIN; ) {
    const current = one;
    if (authorities.some((it) => it.raw.equals(current.raw) || isSignedBy(current, it))) return between;
    const next = others.find((it) => it.ca && !between.includes(it) && !isSelfIssued(it) && isSignedBy(current, it));
    if (next === undefined) return undefined;
    between.push(next);
    one = next;
  }
  return undefined;
}

function isSignedBy(one: X509Certificate, by: X509Certificate): boolean {
  try {
    return one.checkIssued(by) && one.verify(by.publicKey);
  } catch {
    // A key of a kind that this Node does not know.
    return false;
  }
}

function isSelfIssued(one: X509Certificate): boolean {
  return one.subject === one.issuer;
}

function validityOf({ subject, validFrom, validTo }: X509Certificate): Validity {
  return {
    subject: /^CN=(.*)$/m.exec(subject)?.[1] ?? subject.split('\n').at(-1) ?? '',
    from: Date.parse(validFrom),
    to: Date.parse(validTo),
  };
}

function critical(summary: string): Finding {
  return { status: 'critical', summary };
}

function unknown(why: string): Finding {
  return { status: 'unknown', summary: why.startsWith('grace itself') ? why : `the check cannot run: ${why}` };
}
