import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from './temp-dir.js';

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

export interface Issued {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface IssueOptions {
  readonly by?: Issued;
  readonly days?: number;
  readonly isAuthority?: boolean;
  /** As in `DNS:localhost,IP:127.0.0.1`. */
  readonly names?: string;
}

let count = 0;

/** A real certificate in a directory of its own; without `by` one that signed itself. */
export function issue(name: string, options: IssueOptions = {}): Issued {
  const { by, days = 30, isAuthority = false, names } = options;
  const dir = tempDir();
  const of = (what: string) => join(dir, `${++count}-${what}`);
  const [keyFile, certFile, requestFile] = [of('key.pem'), of('cert.pem'), of('request.pem')];
  const extensions = [
    // Then the name alone says who may have signed it, and only the signature who did.
    'authorityKeyIdentifier=none',
    `basicConstraints=critical,CA:${isAuthority ? 'TRUE' : 'FALSE'}`,
    ...(names === undefined ? [] : [`subjectAltName=${names}`]),
  ];
  openssl(
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    keyFile,
    '-out',
    requestFile,
    '-subj',
    `/CN=${name}`,
  );
  const extensionFile = of('extensions');
  writeFileSync(extensionFile, extensions.join('\n'));
  const signer = by === undefined ? ['-signkey', keyFile] : ['-CA', by.certFile, '-CAkey', by.keyFile];
  const serial = ['-set_serial', String(++count)];
  openssl(
    'x509',
    '-req',
    '-in',
    requestFile,
    ...signer,
    ...serial,
    '-days',
    String(days),
    '-extfile',
    extensionFile,
    '-out',
    certFile,
  );
  return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}

function openssl(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}
