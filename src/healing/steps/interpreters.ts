import { realpathSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import type { ProgramKind } from '../../core/config/command-trust.js';
import { PATH } from '../child/child-environment.js';
import { statOf } from './stat-of.js';

/** Programs that run what an argument says: as a script, as an expression, or as a program of that name. */
const SHELLS =
  'sh|bash|rbash|dash|ash|zsh|[mlo]?ksh|pdksh|csh|tcsh|fish|yash|elvish|nu|pwsh|busybox|toybox|rksh|posh|sash|xonsh|osh|ysh|hush';
const LANGUAGES =
  'node|nodejs|deno|bun|npx|bunx|python|pypy|ipython|perl|ruby|irb|php|php-cgi|lua|luajit|tclsh|wish|expect|java|groovy|scala|jshell|rscript|julia|octave|guile|elixir|erl|escript|ghci|runghc|[gmnbo]?awk|sed|bc|dc|m4|ed|ex|vi|vim|nvim|emacs|gdb|make|gmake|cmake|sqlite3|sqlite|psql|mysql|mariadb|mongo|mongosh|redis-cli|tsx|ts-node|raku|sbcl|clisp|racket|ocaml|r|gnuplot|bpftrace|ansible|ansible-playbook|original-awk|goawk|frawk|micropython|jython|uv|npm|pnpm|yarn|corepack|dotnet|mono|wine|gjs|qjs|jq|yq|gforth|jruby|phpdbg|pry|lldb';
const WRAPPERS =
  'eval|exec|source|command|env|sudo|sudoedit|su|doas|pkexec|runuser|setpriv|capsh|xargs|parallel|ssh|rsh|sshpass|find|fd|nohup|setsid|timeout|nice|ionice|chrt|taskset|stdbuf|unbuffer|time|watch|script|flock|chroot|unshare|nsenter|systemd-run|systemd-inhibit|dbus-run-session|start-stop-daemon|daemonize|run-parts|strace|ltrace|at|batch|entr|prlimit|numactl|firejail|bwrap|fakeroot|faketime|tini|dumb-init|gosu|su-exec|setarch|linux32|linux64|uvx|pipx|crontab|git|tar|rsync|rpm|dpkg|apt|apt-get|run0|screen|tmux|newgrp|sg|runcon|valgrind|perf|socat|insmod|ssh-agent|gpg-agent|dbus-launch|xvfb-run|eatmydata|chpst|softlimit|envdir|envuidgid|setuidgid|s6-setuidgid|cgexec|cpulimit|choom|uclampset|torsocks|proxychains|chronic|ifne|pee|vipe|logrotate|anacron|systemd-nspawn|cpio|gdbserver|coreutils';

/** Of these, those that take the first argument for a file if it is a path, and give the others to it. */
const SCRIPT_FIRST =
  'sh|bash|dash|ash|zsh|[mlo]?ksh|csh|tcsh|fish|node|nodejs|python|pypy|perl|ruby|php|lua|luajit|tclsh|expect|rscript';
/** Of these, those whose arguments end with a command. */
const STARTS_COMMAND =
  'env|sudo|doas|runuser|setpriv|nohup|setsid|timeout|nice|ionice|chrt|taskset|stdbuf|unbuffer|time|flock|chroot|unshare|nsenter|systemd-run|systemd-inhibit|dbus-run-session|prlimit|numactl|choom|uclampset|setarch|linux32|linux64|chpst|softlimit|envdir|envuidgid|setuidgid|s6-setuidgid|cgexec|cpulimit|eatmydata|tini|dumb-init|gosu|su-exec|run0|runcon|fakeroot|faketime|torsocks|proxychains|chronic|ifne|xargs|find|strace|ltrace|valgrind|command|exec';

const VERSION = '(?:[-_.]?\\d.*|[.](?:basic|tiny|nox|gtk|static|real|bin|distrib|exe).*|-static.*)?';
const RUNS_SCRIPTS = new RegExp(`^(?:${SHELLS}|${LANGUAGES})${VERSION}$`);
const RUNS_DATA = new RegExp(`^(?:(?:${SHELLS}|${LANGUAGES}|${WRAPPERS})${VERSION}|ld(?:-.*)?[.]so.*)$`);

const IS_SCRIPT_FIRST = new RegExp(`^(?:${SCRIPT_FIRST})${VERSION}$`);
const IS_WRAPPER = new RegExp(`^(?:${STARTS_COMMAND})${VERSION}$`);
const STARTS_WHAT_IT_FINDS = /^-(?:exec|ok)(?:dir)?$/;
/** One file of many programs: a link to it is the program of that name. */
const GOES_BY_ITS_NAME = new RegExp(`^(?:busybox|toybox|coreutils)${VERSION}$`);
const ANY_EXECUTE = 0o111;

/** By its last path component: a shell, a language, or a program that starts another one which its arguments name. */
export function isInterpreter(program: string): boolean {
  return RUNS_DATA.test(posix.basename(program).toLowerCase());
}

/** The same without those that merely start another program. */
export function runsScripts(program: string): boolean {
  return RUNS_SCRIPTS.test(posix.basename(program).toLowerCase());
}

/** By its name and by that of the file to which its links lead, whichever allows less. What is there and cannot be started is no program. */
export function kindOfProgram(program: string, behind: readonly string[] = []): ProgramKind | undefined {
  const file = program.includes('/') ? program : fileInPath(program);
  const names = [program, ...(file === undefined ? [] : [realPathOf(file)])]
    .map((one) => posix.basename(one).toLowerCase())
    .filter((name, i) => i === 0 || !GOES_BY_ITS_NAME.test(name));
  const stats = file === undefined ? undefined : statOf(file);
  if (stats && !isExecutable(stats)) return undefined;
  const kinds = names.map((name) => kindOfName(name, behind)).filter((kind) => kind !== undefined);
  const [least] = LEAST_FIRST.filter((kind) => kinds.includes(kind));
  return least ?? (stats ? 'program' : undefined);
}

const LEAST_FIRST: readonly ProgramKind[] = ['interpreter', 'script_first', 'wrapper', 'program'];

function kindOfName(name: string, behind: readonly string[]): ProgramKind | undefined {
  if (name === 'find' && !behind.some((word) => STARTS_WHAT_IT_FINDS.test(word))) return 'program';
  if (name === 'flock' && behind.some((word) => /^(?:-c|--command)$/.test(word))) return 'interpreter';
  if (IS_SCRIPT_FIRST.test(name)) return 'script_first';
  if (IS_WRAPPER.test(name)) return 'wrapper';
  return RUNS_DATA.test(name) ? 'interpreter' : undefined;
}

function fileInPath(name: string): string | undefined {
  const files = PATH.split(':').map((directory) => posix.join(directory, name));
  return files.find((file) => {
    const stats = statOf(file);
    return stats !== undefined && isExecutable(stats);
  });
}

function isExecutable(stats: Stats): boolean {
  return stats.isFile() && (stats.mode & ANY_EXECUTE) !== 0;
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
