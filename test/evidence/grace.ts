import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LOG_FILE } from '../../src/core/journal/log-files.js';
import { line } from '../support/records.js';
import { tempDir } from '../support/temp-dir.js';

export const GRACE = fileURLToPath(new URL('../../bin/grace.js', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Where {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** The built program in a process of its own, in an empty environment and an empty directory. */
export function grace(args: readonly string[], where: Where = {}): Ran {
  return run(process.execPath, [GRACE, ...args], where);
}

export function run(command: string, args: readonly string[], { env, cwd = tempDir() }: Where = {}): Ran {
  const { PATH = '' } = process.env;
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    // Temporary registries apart from those that other tests look for.
    env: { PATH, HOME: cwd, TERM: 'xterm-256color', TMPDIR: tempDir(), ...env },
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

// biome-ignore lint/suspicious/noExplicitAny: a document whose shape is what the tests are about
export function graceJson(args: readonly string[], where: Where = {}): { code: number | null; doc: any } {
  const { code, stdout, stderr } = grace([...args, '--json'], where);
  if (stderr !== '') throw new Error(stderr);
  return { code, doc: JSON.parse(stdout) };
}

/** A directory with logs of these records; a text is taken as it is. */
export function logsOf(incidents: readonly unknown[], audit: readonly unknown[] = []): string {
  const dir = join(tempDir(), 'logs');
  mkdirSync(dir);
  const text = (records: readonly unknown[]) =>
    records.map((record) => (typeof record === 'string' ? record : line(record))).join('');
  writeFileSync(join(dir, LOG_FILE.incidents), text(incidents));
  writeFileSync(join(dir, LOG_FILE.audit), text(audit));
  return dir;
}
