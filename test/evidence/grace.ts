import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOG_FILE } from '../../src/core/journal/log-files.js';
import { cliEnv, GRACE } from '../support/cli.js';
import { line, writeBound } from '../support/records.js';
import { tempDir } from '../support/temp-dir.js';

export { GRACE };

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
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    // Temporary registries apart from those that other tests look for.
    env: cliEnv({ TERM: 'xterm-256color', TMPDIR: tempDir(), ...env }),
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

/**
 * A directory with logs of these records; a text is taken as it is. The entries that vouch for the incidents stand first
 * in the audit log.
 */
export function logsOf(incidents: readonly (object | string)[], audit: readonly (object | string)[] = []): string {
  const dir = join(tempDir(), 'logs');
  mkdirSync(dir);
  writeFileSync(join(dir, LOG_FILE.audit), '');
  writeBound(dir, incidents);
  const entries = audit.map((entry) => (typeof entry === 'string' ? entry : line(entry)));
  appendFileSync(join(dir, LOG_FILE.audit), entries.join(''));
  return dir;
}
