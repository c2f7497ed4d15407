import { existsSync, readFileSync } from 'node:fs';
import { parseVerifierKey, type VerifierKey } from '../audit/keys.js';
import { SIDECAR_FILE, sidecarPath } from './sidecar.js';

/** The public keys beside the log, the newest last; none when the file is missing or damaged. */
export function verifierKeys(dir: string): VerifierKey[] {
  const path = sidecarPath(dir, SIDECAR_FILE.vkey);
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  return lines.flatMap((line) => {
    const parsed = parseVerifierKey(line);
    return parsed.ok ? [parsed.key] : [];
  });
}
