import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '../../support/temp-dir.js';

export function script(text: string): string {
  const path = join(tempDir(), 'tell');
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A program that keeps what it is told. */
export function keeping(after = 'exit 0'): { path: string; told: () => Record<string, unknown>[] } {
  const kept = join(tempDir(), 'kept');
  writeFileSync(kept, '');
  const told = () =>
    readFileSync(kept, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { path: script(`cat >> ${kept}\n${after}`), told };
}
