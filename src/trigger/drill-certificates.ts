import type { KeyObject } from 'node:crypto';
import { randomHex } from '../core/host/random.js';

const OID = {
  ecdsaWithSha256: '06082a8648ce3d040302',
  commonName: '0603550403',
  subjectAltName: '0603551d11',
  basicConstraints: '0603551d13',
} as const;

const TRUE = Buffer.from([0x01, 0x01, 0xff]);

/** From and to, milliseconds, UTC. */
export type Validity = readonly [from: number, to: number];

export interface DrillCertificates {
  /** The certificate of an authority that nobody but a drill knows, as PEM. */
  readonly authority: string;
  /** The key of a server at 127.0.0.1, as PEM. */
  readonly key: string;
  /** A certificate for that key, signed by the authority, as PEM. */
  issue(validity: Validity): string;
}

/**
 * An authority of its own, and certificates for one server. Node can read certificates and not make them, and openssl is
 * not everywhere: they are put together here as X.509 has them (RFC 5280, 4.1).
 */
export async function drillCertificates(validity: Validity): Promise<DrillCertificates> {
  const { generateKeyPairSync, sign } = await import('node:crypto');
  const authority = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const server = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = sequence(hex(OID.ecdsaWithSha256));
  const issuer = nameOf('grace drill authority');
  const signed = (subject: Buffer, key: KeyObject, [from, to]: Validity, extension: Buffer): string => {
    const body = sequence(
      tagged(0xa0, tagged(0x02, Buffer.of(2))),
      tagged(0x02, hex(`01${randomHex(8)}`)),
      algorithm,
      issuer,
      sequence(time(from), time(to)),
      subject,
      key.export({ type: 'spki', format: 'der' }),
      tagged(0xa3, sequence(extension)),
    );
    const signature = sign('sha256', body, authority.privateKey);
    return pem(sequence(body, algorithm, tagged(0x03, Buffer.concat([Buffer.of(0), signature]))));
  };
  const mayIssue = sequence(hex(OID.basicConstraints), TRUE, tagged(0x04, sequence(TRUE)));
  const address = sequence(tagged(0x87, Buffer.from([127, 0, 0, 1])));
  const isLocal = sequence(hex(OID.subjectAltName), tagged(0x04, address));
  return {
    authority: signed(issuer, authority.publicKey, validity, mayIssue),
    key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    issue: (of) => signed(nameOf('grace drill'), server.publicKey, of, isLocal),
  };
}

function nameOf(text: string): Buffer {
  return sequence(tagged(0x31, sequence(hex(OID.commonName), tagged(0x0c, Buffer.from(text)))));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

/** One element of DER. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}

/** Up to 2049 with two digits of the year, from then on with four. */
function time(ms: number): Buffer {
  const digits = `${new Date(ms).toISOString().slice(0, 19).replace(/\D/g, '')}Z`;
  return digits < '2050' ? tagged(0x17, Buffer.from(digits.slice(2))) : tagged(0x18, Buffer.from(digits));
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
