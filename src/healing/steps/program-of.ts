import { closeSync, constants, openSync, readFileSync, readlinkSync, readSync, realpathSync } from 'node:fs';
import { isAbsolute, posix } from 'node:path';
import { isInterpreter } from './interpreters.js';
import { statOf } from './stat-of.js';

/**
 * Which program a process runs, as the kernel knows it: by the file of its executable, never by a name it gave itself.
 * What cannot be seen is never a match, so that nobody is ended whom we do not know.
 */

const DELETED = ' (deleted)';
/** The kernel reads no more of a script's first line. */
const SHEBANG_BYTES = 256;
const MAX_COMMAND_BYTES = 64 * 1024;

/** Whether the process runs that executable; also the one that lay there before an upgrade put another in its place. */
export function runsExecutable(pid: number, path: string): boolean {
  const running = statOf(`/proc/${pid}/exe`);
  if (running === undefined) return false;
  const wanted = statOf(path);
  if (wanted !== undefined && running.dev === wanted.dev && running.ino === wanted.ino) return true;
  const link = linkOf(`/proc/${pid}/exe`);
  if (link?.endsWith(DELETED) !== true) return false;
  // A path means something only in one mount tree; a container's tree has a pid namespace of its own.
  if (linkOf(`/proc/${pid}/ns/pid`) !== linkOf('/proc/self/ns/pid')) return false;
  return link.slice(0, -DELETED.length) === realPathOf(path);
}

/**
 * Whether the process was started as `argv`: it runs that executable, or, if that is a script, its interpreter with the
 * script in its command line. Where `argv` itself begins with an interpreter, what it is to run must stand there too.
 */
export function runsProgram(pid: number, argv: readonly string[]): boolean {
  const [program = ''] = argv;
  if (runsExecutable(pid, program)) {
    const runsArguments = isInterpreter(program) || isInterpreter(realPathOf(program));
    const script = runsArguments ? argv.slice(1).find((argument) => !argument.startsWith('-')) : undefined;
    return script === undefined || commandLineOf(pid).slice(1).includes(script);
  }
  const shebang = shebangOf(program);
  if (shebang === undefined || !runsInterpreter(pid, shebang)) return false;
  // The kernel puts the script after the interpreter and the one argument that its first line may give; `env -S` more.
  return commandLineOf(pid)
    .slice(1, 8)
    .some((argument) => argument === program || (isAbsolute(argument) && isSameFile(argument, program)));
}

/** Whether it was given those very arguments besides; false of one that has changed what it shows of them. */
export function runsJustAs(pid: number, argv: readonly string[]): boolean {
  const shown = commandLineOf(pid).slice(0, -1);
  const behind = argv.slice(1);
  if (!runsProgram(pid, argv) || shown.length <= behind.length) return false;
  const before = shown.length - behind.length;
  // Of a script, its interpreter and the script itself stand before them.
  const isScript = !runsExecutable(pid, argv[0] ?? '');
  return (isScript || before === 1) && behind.every((argument, i) => shown[before + i] === argument);
}

/** For a sentence; `undefined` when it cannot be seen. */
export function executableOf(pid: number): string | undefined {
  return linkOf(`/proc/${pid}/exe`)?.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?');
}

function runsInterpreter(pid: number, shebang: readonly string[]): boolean {
  const [interpreter = '', ...rest] = shebang;
  if (posix.basename(interpreter) !== 'env') return runsExecutable(pid, interpreter);
  const word = rest.find((one) => !one.startsWith('-') && !one.includes('='));
  const running = executableOf(pid);
  if (word === undefined || running === undefined) return false;
  const base = posix.basename(running);
  return base.startsWith(posix.basename(word)) && /^[\d.]*$/.test(base.slice(posix.basename(word).length));
}

/** The words after `#!`. */
function shebangOf(path: string): string[] | undefined {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const buffer = Buffer.alloc(SHEBANG_BYTES);
      const line = buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, 0)).split('\n')[0] ?? '';
      return line.startsWith('#!') ? line.slice(2).trim().split(/\s+/) : undefined;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

function commandLineOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`).subarray(0, MAX_COMMAND_BYTES).toString('utf8').split('\0');
  } catch {
    return [];
  }
}

function isSameFile(one: string, other: string): boolean {
  const [a, b] = [statOf(one), statOf(other)];
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Nothing lies there any more: then the directory it lay in.
    try {
      return posix.join(realpathSync(posix.dirname(path)), posix.basename(path));
    } catch {
      return path;
    }
  }
}
