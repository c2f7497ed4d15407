import { posix } from 'node:path';
import { pathsInWord } from './paths-in-word.js';
import { argumentFaults, ownershipFaults } from './trusted-file.js';

/** A file that a command names, and that is believed because it is named. */
export interface CommandFile {
  /** Which word of the command. */
  readonly index: number;
  /** Absolute. */
  readonly file: string;
  /** `program`: it is run. `script`: it is run or read by what runs its arguments. `argument`: it may be, if it is there. */
  readonly role: 'program' | 'script' | 'argument';
}

/**
 * What a program does with its arguments. `script_first`: it runs the file that the first one names, and the others are that
 * script's data. `interpreter`: it may run anything that any of them says. `wrapper`: it starts the command that they end with.
 * `program`: they are data.
 */
export type ProgramKind = 'script_first' | 'interpreter' | 'wrapper' | 'program';

/** Of a name or an absolute path, with the words behind it; `undefined` if no such program can be started. */
export type KindOf = (program: string, behind: readonly string[]) => ProgramKind | undefined;

const ASSIGNMENT = /^[^/=]*=/;

/** The files that a program and its arguments name. Without `kindOf` every program may run what its arguments say. */
export function filesOfCommand(
  argv: readonly string[],
  cwd = '/',
  kindOf: KindOf = () => 'interpreter',
): CommandFile[] {
  const [program, ...words] = argv;
  if (program === undefined) return [];
  const found: CommandFile[] = [{ index: 0, file: program, role: 'program' }];
  let kind = kindOf(program, words) ?? 'program';
  if (kind === 'program') return found;
  let last = 0;
  for (const [i, word] of words.entries()) {
    if (kind === 'script_first' || kind === 'interpreter') break;
    const index = i + 1;
    const isPath = word.includes('/');
    const named = isPath ? posix.resolve(cwd, word) : word;
    const next = word.startsWith('-') || ASSIGNMENT.test(word) ? undefined : kindOf(named, argv.slice(index + 1));
    if (next !== undefined && isPath) found.push({ index, file: named, role: 'program' });
    else if (next === undefined && kind === 'wrapper') found.push(...filesOfWord(word, index, cwd));
    // A name behind an option may be its value: `sudo -u backup`.
    const isValue = next === 'program' && !isPath && words[i - 1]?.startsWith('-') === true;
    if (next !== undefined && !isValue) kind = next;
    last = index;
  }
  if (kind === 'script_first' || kind === 'interpreter') found.push(...filesRun(argv, last + 1, { kind, cwd }));
  return found;
}

interface Running {
  readonly kind: 'script_first' | 'interpreter';
  readonly cwd: string;
}

/** Of the words from `index` on, behind what runs them. */
function filesRun(argv: readonly string[], index: number, { kind, cwd }: Running): CommandFile[] {
  const first = argv[index] ?? '';
  if (kind === 'script_first' && first.includes('/') && !first.startsWith('-')) {
    return [{ index, file: posix.resolve(cwd, first), role: 'script' }];
  }
  // Whatever is looked for without a directory: modules, makefiles.
  const place: CommandFile[] = cwd === '/' ? [] : [{ index: index - 1, file: cwd, role: 'script' }];
  return [...place, ...argv.slice(index).flatMap((word, i) => filesOfWord(word, index + i, cwd))];
}

function filesOfWord(word: string, index: number, cwd: string): CommandFile[] {
  return pathsInWord(word, cwd).map(({ path, certain }) => ({
    ...{ index, file: path },
    role: certain ? 'script' : 'argument',
  }));
}

/** Why a file in that role could be changed by others. An argument that looks like a path need not be a file. */
export function commandFileFaults({ file, role }: Pick<CommandFile, 'file' | 'role'>): string[] {
  return role === 'program' ? ownershipFaults(file) : argumentFaults(file, role === 'script');
}

/** Why that command is not run just now: somebody else could have changed what it runs. */
export function commandDistrust(argv: readonly string[], cwd: string | undefined, kindOf: KindOf): string | undefined {
  for (const file of filesOfCommand(argv, cwd, kindOf)) {
    const [fault] = commandFileFaults(file);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
