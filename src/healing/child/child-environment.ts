import { userInfo } from 'node:os';

/** By this variable what we started is found again. */
export const MARKER_NAME = 'GRACE_ACT';

/** Where a program without a directory is looked for. */
export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What tells a loader, a shell or an interpreter to run something else. */
const REFUSED_PREFIXES = ['LD_', 'NODE_', 'PYTHON', 'PERL', 'RUBY', 'BASH_'] as const;
const REFUSED_NAMES: ReadonlySet<string> = new Set([
  'ENV',
  'IFS',
  'PS4',
  'SHELLOPTS',
  'BASHOPTS',
  'GCONV_PATH',
  'LOCPATH',
  'GLIBC_TUNABLES',
  'JAVA_TOOL_OPTIONS',
  'JDK_JAVA_OPTIONS',
  '_JAVA_OPTIONS',
]);

/** Why a variable of that name is not passed on to a program; `undefined` if it may be. */
export function environmentFault(name: string): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name === '__proto__') {
    return `${JSON.stringify(name)} is not the name of an environment variable`;
  }
  if (name === 'PATH') return 'PATH is always the same and cannot be set';
  if (name === MARKER_NAME) return `${MARKER_NAME} is how grace finds what it started and cannot be set`;
  if (REFUSED_NAMES.has(name) || REFUSED_PREFIXES.some((prefix) => name.startsWith(prefix))) {
    return `${name} can change which code a program runs and is never passed on`;
  }
  return undefined;
}

/**
 * Built from nothing; neither our own environment nor a prototype adds to it. The names in `extra` have been checked with
 * {@link environmentFault}.
 */
export function childEnvironment(marker: string, extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const env: Record<string, string> = Object.create(null);
  env[MARKER_NAME] = marker;
  env.PATH = PATH;
  env.LANG = 'C.UTF-8';
  env.HOME = home();
  for (const [name, value] of Object.entries(extra)) env[name] = value;
  return env;
}

let cachedHome: string | undefined;

function home(): string {
  if (cachedHome === undefined) {
    try {
      cachedHome = userInfo().homedir;
    } catch {
      // A uid without an entry, as containers have it.
      cachedHome = '/';
    }
  }
  return cachedHome;
}
