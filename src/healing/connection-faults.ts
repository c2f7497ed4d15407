/** What the other side can do to us. Everything else (EMFILE, ENOTFOUND, …) is our own trouble: a check is unknown. */
const THEIR_FAULTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset before the answer was complete',
  ECONNABORTED: 'the connection was aborted',
  EPIPE: 'the connection was closed while asking',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'the host does not answer',
};

/** Verdicts on a certificate, by the codes of Node's documentation of `tls`. */
const CERTIFICATE_FAULTS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  CERT_REVOKED: 'its certificate was revoked',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it signed its certificate itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'no known authority signed its certificate',
  UNABLE_TO_GET_ISSUER_CERT: 'no known authority signed its certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'no known authority signed its certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'no known authority signed its certificate',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  HOSTNAME_MISMATCH: 'its certificate is for another name',
};
const OTHER_CERTIFICATE_FAULT = /^(CERT_|UNABLE_TO_|ERROR_IN_CERT_|ERR_TLS_CERT_|INVALID_(CA|PURPOSE)$|PATH_LENGTH_)/;

/** A sentence if the other side is at fault, `undefined` if the trouble is our own. */
export function theirFault(error: Error): string | undefined {
  for (const one of eachOf(error)) {
    const { code } = one;
    if (code === undefined) continue;
    const fault = Object.hasOwn(THEIR_FAULTS, code) ? THEIR_FAULTS[code] : certificateFault(code);
    if (fault !== undefined) return fault;
    if (code.startsWith('HPE_')) return 'what answered does not speak HTTP';
    if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
      return `no TLS connection came about: ${(one as { reason?: string }).reason ?? code}`;
    }
  }
  return undefined;
}

export function certificateFault(code: string): string | undefined {
  if (Object.hasOwn(CERTIFICATE_FAULTS, code)) return CERTIFICATE_FAULTS[code];
  return OTHER_CERTIFICATE_FAULT.test(code) ? `its certificate is not accepted: ${code}` : undefined;
}

/** A name with several addresses fails with all their errors at once; one fault of the other side is enough. */
export function eachOf(error: Error): readonly NodeJS.ErrnoException[] {
  return error instanceof AggregateError ? (error.errors as NodeJS.ErrnoException[]) : [error];
}

/** Why a check cannot run, for its summary. */
export function cannotRun(error: unknown): string {
  return `the check cannot run: ${whyNot(error)}`;
}

export function whyNot(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return message || code || 'unknown reason';
}
