/**
 * Bytes of standard, padded base64 (RFC 4648 §4) in its one canonical spelling; `undefined` for any other. With more
 * than one spelling allowed, a signed note could be altered without a trace.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
