import { posix } from 'node:path';
import { argumentFaults, ownershipFaults } from './trusted-file.js';

/** A file that a command names, and that is believed because it is named. */
export interface CommandFile {
  /** Which word of the command. */
  readonly index: number;
  /** Absolute. */
  readonly file: string;
  /** `program`: it is run. `script`: the first path among the arguments of a program that runs what they say. `argument`: another such path. */
  readonly role: 'program' | 'script' | 'argument';
}

/** Whether the arguments of that program may name another program. */
export type IsInterpreter = (program: string) => boolean;

/** The files that a program and its arguments name. Without `isInterpreter` every program may run what its arguments say. */
export function filesOfCommand(argv: readonly string[], cwd = '/', isInterpreter?: IsInterpreter): CommandFile[] {
  const [program, ...words] = argv;
  if (program === undefined) return [];
  const found: CommandFile[] = [{ index: 0, file: program, role: 'program' }];
  if (isInterpreter?.(program) === false) return found;
  // A word without a slash may be a file of the directory in which it is run.
  const isFile = (word: string) => word.startsWith('/') || (cwd !== '/' && /^[^-\s][^\s]*$/.test(word));
  const first = words.findIndex(isFile);
  words.forEach((word, i) => {
    if (!isFile(word)) return;
    found.push({ index: i + 1, file: posix.resolve(cwd, word), role: i === first ? 'script' : 'argument' });
  });
  return found;
}

/** Why a file in that role could be changed by others. An argument that looks like a path need not be a file. */
export function commandFileFaults({ file, role }: Pick<CommandFile, 'file' | 'role'>): string[] {
  return role === 'program' ? ownershipFaults(file) : argumentFaults(file, role === 'script');
}

/** Why that command is not run just now: somebody else could have changed what it runs. */
export function commandDistrust(
  argv: readonly string[],
  cwd: string | undefined,
  isInterpreter: IsInterpreter,
): string | undefined {
  for (const file of filesOfCommand(argv, cwd, isInterpreter)) {
    const [fault] = commandFileFaults(file);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
