import { isActFile } from '../ended-steps.js';

/** Directories in which nothing but the whole system lies; what lies below them may be a root. */
const NOT_THEMSELVES: ReadonlySet<string> = new Set([
  ...['/', '/usr', '/usr/local', '/usr/share', '/dev', '/home', '/root', '/opt', '/run'],
  ...['/var', '/var/lib', '/var/run', '/var/lock', '/var/spool'],
]);

/** Nothing in them is ever in the way. */
const SYSTEM =
  /^\/(?:usr\/)?(?:bin|sbin|lib(?:32|64|x32|exec)?)(?:\/|$)|^\/lib[^/]*$|^\/(?:etc|boot|efi|proc|sys)(?:\/|$)/;

/** Why that directory may not be a root in which files are deleted; `undefined` if it may. */
export function rootFault(path: string): string | undefined {
  if (!path.startsWith('/')) return `${path} is not an absolute path`;
  if (path.split('/').includes('..')) return `${path} contains ..`;
  const plain = `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;
  if (NOT_THEMSELVES.has(plain)) return `${plain} holds more than what can be spared: name a directory below it`;
  if (SYSTEM.test(plain)) return `${plain} belongs to the system: nothing is deleted there`;
  return undefined;
}

/** Files of grace itself, wherever they lie. */
export function isOwnFile(name: string): boolean {
  if (/^(?:incidents\.jsonl|immutable_audit\.|registry\.db|probes\.db)/.test(name)) return true;
  return name.endsWith('.lock') || name === '.reserve' || isActFile(name);
}
