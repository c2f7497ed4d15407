import { posix } from 'node:path';

/** Programs that run what an argument says: as a script, as an expression, or as a program of that name. */
const SHELLS =
  'sh|bash|rbash|dash|ash|zsh|[mlo]?ksh|pdksh|csh|tcsh|fish|yash|elvish|nu|pwsh|busybox|toybox|lo?ksh|rksh|posh|sash|xonsh|osh|ysh|hush';
const LANGUAGES =
  'node|nodejs|deno|bun|npx|bunx|python|pypy|ipython|perl|ruby|irb|php|php-cgi|lua|luajit|tclsh|wish|expect|java|groovy|scala|jshell|rscript|julia|octave|guile|elixir|erl|escript|ghci|runghc|[gmnbo]?awk|sed|bc|dc|m4|ed|ex|vi|vim|nvim|emacs|gdb|make|gmake|cmake|sqlite3|sqlite|psql|mysql|mariadb|mongo|mongosh|redis-cli|tsx|ts-node|raku|sbcl|clisp|racket|ocaml|r|gnuplot|bpftrace|ansible|ansible-playbook|original-awk|goawk|frawk|micropython|jython|uv|npm|pnpm|yarn|corepack|dotnet|mono|wine|gjs|qjs|jq|yq|gforth|jruby|phpdbg|pry|lldb';
const WRAPPERS =
  'eval|exec|source|command|env|sudo|sudoedit|su|doas|pkexec|runuser|setpriv|capsh|xargs|parallel|ssh|rsh|sshpass|find|fd|nohup|setsid|timeout|nice|ionice|chrt|taskset|stdbuf|unbuffer|time|watch|script|flock|chroot|unshare|nsenter|systemd-run|systemd-inhibit|dbus-run-session|start-stop-daemon|daemonize|run-parts|strace|ltrace|at|batch|entr|prlimit|numactl|firejail|bwrap|fakeroot|faketime|tini|dumb-init|gosu|su-exec|setarch|linux32|linux64|uvx|pipx|crontab|git|tar|rsync|rpm|dpkg|apt|apt-get|run0|screen|tmux|newgrp|sg|runcon|valgrind|perf|socat|insmod|ssh-agent|gpg-agent|dbus-launch|xvfb-run|eatmydata|chpst|softlimit|envdir|envuidgid|setuidgid|s6-setuidgid|cgexec|cpulimit|choom|uclampset|torsocks|proxychains|chronic|ifne|pee|vipe|logrotate|anacron|systemd-nspawn|cpio|gdbserver';

const VERSION = '(?:[-_.]?\\d.*|[.](?:basic|tiny|nox|gtk|static|real|bin|distrib|exe).*|-static.*)?';
const RUNS_SCRIPTS = new RegExp(`^(?:${SHELLS}|${LANGUAGES})${VERSION}$`);
const RUNS_DATA = new RegExp(`^(?:(?:${SHELLS}|${LANGUAGES}|${WRAPPERS})${VERSION}|ld(?:-.*)?[.]so.*)$`);

/** By its last path component: a shell, a language, or a program that starts another one which its arguments name. */
export function isInterpreter(program: string): boolean {
  return RUNS_DATA.test(posix.basename(program).toLowerCase());
}

/** The same without those that merely start another program. */
export function runsScripts(program: string): boolean {
  return RUNS_SCRIPTS.test(posix.basename(program).toLowerCase());
}
