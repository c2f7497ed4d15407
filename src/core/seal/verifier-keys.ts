import { parseVerifierKey, type VerifierKey } from '../audit/keys.js';
import { readSmallFile } from '../journal/small-file.js';
import { MAX_SMALL_BYTES, SIDECAR_FILE, sidecarPath } from './sidecar.js';

/** The public keys beside the log, the newest last; none when the file is missing or damaged. */
export function verifierKeys(dir: string): VerifierKey[] {
  const text = readSmallFile(sidecarPath(dir, SIDECAR_FILE.vkey), MAX_SMALL_BYTES)?.toString('utf8') ?? '';
  return text.split('\n').flatMap((line) => {
    const parsed = parseVerifierKey(line);
    return parsed.ok ? [parsed.key] : [];
  });
}
