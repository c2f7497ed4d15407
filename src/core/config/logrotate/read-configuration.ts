import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Configuration, Opened } from './configuration.js';
import { orUndefined } from './or-undefined.js';
import { parseConfiguration } from './parse-configuration.js';

/** logrotate's own bound. */
const MAX_FILE_BYTES = 0xffffff;

export function readConfiguration(root: string): Configuration {
  // Whose configuration it is runs logrotate. Only root's takes nothing from files that others may write.
  const runner = orUndefined(() => statSync(root).uid);
  return parseConfiguration(root, {
    open: (path) => openOnDisk(path, runner === 0),
    home: (user) => homeOnDisk(user, runner),
  });
}

function openOnDisk(path: string, asRoot: boolean): Opened {
  const stat = statSync(path);
  if (stat.isDirectory()) return { kind: 'directory', names: readdirSync(path) };
  // A pipe would wait for a writer.
  if (!stat.isFile() || stat.size > MAX_FILE_BYTES) return { kind: 'other' };
  const text = readFileSync(path, 'latin1');
  if (!asRoot) return { kind: 'file', text };
  if ((stat.mode & 0o022) !== 0) return { kind: 'file', text, refused: 'others than its owner may write to the file' };
  return { kind: 'file', text, refused: stat.uid === 0 ? undefined : 'the file does not belong to root' };
}

function homeOnDisk(user: string, runner: number | undefined): string | undefined {
  const accounts = orUndefined(() => readFileSync('/etc/passwd', 'utf8'))?.split('\n') ?? [];
  return accounts
    .map((line) => line.split(':'))
    .find(([name, , uid]) => (user === '' ? uid === String(runner) : name === user))?.[5];
}
