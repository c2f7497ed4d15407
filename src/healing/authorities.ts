import { X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { connect, createSecureContext, rootCertificates, type SecureContext, type TLSSocket } from 'node:tls';
import { readRegularFile } from './regular-file.js';

/** Where distributions keep the authorities of the system: Debian, Red Hat, SUSE, Alpine. Node reads none of them. */
const SYSTEM_FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
] as const;
const MAX_FILE_BYTES = 8 * 1024 * 1024;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Where a connection goes. */
export interface Place {
  readonly host: string;
  readonly port: number;
  /** The name that a certificate must be for; `undefined`: the address. */
  readonly servername: string | undefined;
}

/** Whom a connection trusts. */
export interface Authorities {
  readonly context: SecureContext;
  /** The certificates one by one; parsed when first asked for. */
  certificates(): readonly X509Certificate[];
}

export type Trust = { readonly authorities: Authorities } | { readonly trouble: string };

/** Making a context of a system's authorities takes milliseconds, so it is kept for as long as the file is the same. */
const kept = new Map<string, { readonly version: string; readonly authorities: Authorities }>();

/** Those of a PEM file, without it those of the system, or where the system has none those that come with Node. */
export async function authoritiesOf(file?: string): Promise<Trust> {
  for (const path of file === undefined ? SYSTEM_FILES : [file]) {
    const version = await versionOf(path);
    const known = kept.get(path);
    if (version !== undefined && known?.version === version) return known;
    const read = await readRegularFile(path, MAX_FILE_BYTES);
    if ('trouble' in read) {
      if (file === undefined && read.trouble.kind !== 'unreadable') continue;
      return { trouble: `${path}: ${read.trouble.sentence}` };
    }
    const pem = certificatesIn(read.bytes.toString('latin1'));
    if (pem.length === 0) return { trouble: `${path}: it holds no certificate` };
    try {
      const authorities = authoritiesFrom(pem);
      if (version !== undefined) kept.set(path, { version, authorities });
      return { authorities };
    } catch (error) {
      return { trouble: `${path}: ${(error as Error).message}` };
    }
  }
  return { authorities: authoritiesFrom(rootCertificates) };
}

/** For an exchange over https. */
export function connectingWith({ context }: Authorities): (place: Place) => TLSSocket {
  return ({ host, port, servername }) =>
    connect({
      host,
      port,
      secureContext: context,
      ALPNProtocols: ['http/1.1'],
      ...(servername === undefined ? {} : { servername }),
    });
}

/** The PEM blocks of a text that are certificates. */
export function certificatesIn(text: string): string[] {
  return text.match(CERTIFICATE) ?? [];
}

function authoritiesFrom(pem: readonly string[]): Authorities {
  let parsed: readonly X509Certificate[] | undefined;
  return {
    context: createSecureContext({ ca: pem.join('\n') }),
    certificates: () => {
      parsed ??= pem.flatMap(parse);
      return parsed;
    },
  };
}

/** Of an authority that this Node cannot read nothing can be verified; the others stay. */
function parse(pem: string): X509Certificate[] {
  try {
    return [new X509Certificate(pem)];
  } catch {
    return [];
  }
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch {
    return undefined;
  }
}
