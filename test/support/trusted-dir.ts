import { mkdtempSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A directory that nobody else may write to, nor to any above it; removed when the test ends. */
export function trustedDir(): string {
  const dir = mkdtempSync(join(process.geteuid?.() === 0 ? '/var/lib' : homedir(), 'grace-test-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
