import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { shellArguments, shellQuoted } from '../../src/core/shell-quoted.js';
import { type CliRun, grace, RAW_CONTROL } from '../support/cli.js';
import { newIncident, writeBound } from '../support/records.js';
import { tempDir } from '../support/temp-dir.js';

/** Pasted bare, each would make a file named PWNED, or be several words, or none, or an option. */
const HOSTILE = {
  'all that a shell reads': 'it\'s "w"; :>PWNED; $(:>PWNED)`:>PWNED` && :>PWNED | $IFS * ~ ! #',
  'control characters': "a\n:>PWNED\n';:>PWNED;\t\u001b[2J\u007f0é\u202e",
  'a dash in front': '-rf --help; :>PWNED',
};
const STUBS = ['chmod', 'ls', 'df', 'rm', 'grace', 'sudo', 'ps', 'findmnt', 'fuser'];

interface Pasted {
  /** The program that was run and its arguments. */
  readonly argv: string[];
  readonly made: string[];
}

/** Types it into a shell in which every program only says what it was given. */
function paste(shell: string, command: string): Pasted {
  const bin = tempDir();
  for (const name of STUBS) {
    writeFileSync(join(bin, name), `#!/bin/sh\nprintf '%s\\0' ${name} "$@"\n`, { mode: 0o755 });
  }
  const cwd = tempDir();
  expect(spawnSync('/bin/sh', ['-n', '-c', command], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  // With a socket on stdin bash would read ~/.bashrc, as for a remote shell.
  const run = spawnSync(shell, ['-c', command], {
    cwd,
    env: { PATH: bin },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  expect(run, command).toMatchObject({ status: 0, stderr: '' });
  return { argv: run.stdout.split('\0').slice(0, -1), made: readdirSync(cwd) };
}

function hintsOf(run: CliRun): string[] {
  return [...`${run.stdout}\n${run.stderr}`.matchAll(/^(?:grace: hint:| +mend:) (.+)$/gm)].map(([, hint = '']) => hint);
}

/** What is typed, below an empty directory, and the hint's argv for it. */
type Situation = (cwd: string, word: string) => { args: string[]; argv: string[] };

function logsIn(cwd: string, word: string, mode = 0o750): string {
  const logs = join(cwd, word);
  mkdirSync(logs);
  chmodSync(logs, mode);
  return logs;
}

const INCIDENT = ['trigger', 'incident'];
const SITUATIONS: Record<string, Situation> = {
  'logs that everybody may write to': (cwd, word) => {
    const logs = logsIn(cwd, word, 0o777);
    return { args: [...INCIDENT, '--logs', word], argv: ['chmod', 'o-w', logs] };
  },
  'read-only logs': (cwd, word) => {
    const logs = logsIn(cwd, word, 0o550);
    return { args: [...INCIDENT, '--logs', word], argv: ['chmod', 'u+w', logs] };
  },
  'logs that are a file': (cwd, word) => {
    writeFileSync(join(cwd, word), '');
    return { args: ['registry', 'list', '--logs', word], argv: ['ls', '-ld', join(cwd, word)] };
  },
  'logs below a file': (cwd, word) => {
    writeFileSync(join(cwd, word), '');
    return { args: [...INCIDENT, '--logs', join(word, 'l')], argv: ['ls', '-ld', join(cwd, word, 'l')] };
  },
  'no logs': (_cwd, word) => ({
    args: ['registry', 'list', '--logs', word],
    argv: ['grace', ...INCIDENT, '--logs', word],
  }),
  'a log that everybody may write to': (cwd, word) => {
    const path = join(logsIn(cwd, word), 'incidents.jsonl');
    writeFileSync(path, '');
    chmodSync(path, 0o666);
    return { args: [...INCIDENT, '--failure-mode', 'disk_full', '--logs', word], argv: ['ls', '-l', path] };
  },
  'a log that is a directory': (cwd, word) => {
    const path = join(logsIn(cwd, word), 'incidents.jsonl');
    mkdirSync(path);
    return { args: ['registry', 'list', '--logs', word], argv: ['ls', '-ld', path] };
  },
  'no configuration': (cwd, word) => ({
    args: ['registry', 'list', '--config', join(word, 'x.yaml')],
    argv: ['ls', '-l', dirname(join(cwd, word, 'x.yaml'))],
  }),
  'a configuration that is none': (cwd, word) => {
    writeFileSync(join(cwd, word), '[]');
    const path = join(cwd, word);
    return { args: ['registry', 'list', '--config', word], argv: ['grace', 'config', 'check', '--config', path] };
  },
  'reports that are not there': (_cwd, word) => ({
    args: [...INCIDENT, '--from', word],
    argv: ['ls', '-l', ...(word.startsWith('-') ? ['--'] : []), word],
  }),
  'reports that are none': (cwd, word) => {
    writeFileSync(join(cwd, word), 'no\n');
    return { args: [...INCIDENT, '--from', word], argv: ['grace', ...INCIDENT, '--from', word] };
  },
  'reports with options of one': (_cwd, word) => ({
    args: [...INCIDENT, '--from', word, '--severity', 'high'],
    argv: ['grace', ...INCIDENT, `--from=${word}`],
  }),
  'half a report': (_cwd, word) => ({
    args: [...INCIDENT, '--target', word],
    argv: ['grace', ...INCIDENT, '--target', word, '--failure-mode', 'service_down'],
  }),
  'a port without a drill': (_cwd, word) => ({
    args: ['trigger', 'drill', '--port', word],
    argv: ['grace', 'trigger', 'drill', 'port-in-use', '--port', word],
  }),
  'a task that is not there': (cwd, word) => {
    writeBound(logsIn(cwd, word), [newIncident()]);
    return {
      args: ['registry', 'show', '--logs', word, '--', word],
      argv: ['grace', 'registry', 'list', '--logs', word],
    };
  },
  'a name of two tasks': (cwd, word) => {
    const ids = [`${word}1`, `${word}2`];
    writeBound(
      logsIn(cwd, 'l'),
      ids.map((incident_id) => newIncident({ incident_id })),
    );
    const where = ['--logs', 'l'];
    const argv = word.startsWith('-') ? [...where, '--', `${word}1`] : [`${word}1`, ...where];
    return { args: ['registry', 'show', ...where, '--', word], argv: ['grace', 'registry', 'show', ...argv] };
  },
  'what the doctor finds': (cwd, word) => {
    const logs = logsIn(cwd, word, 0o777);
    return { args: ['doctor', '--logs', word], argv: ['chmod', 'o-w', logs] };
  },
};

describe.each(Object.entries(HOSTILE))('%s', (_kind, word) => {
  test.each(Object.entries(SITUATIONS))('%s', async (_name, situation) => {
    const cwd = tempDir();
    const { args, argv } = situation(cwd, word);
    const run = await grace(args, { cwd });
    expect(run.code).not.toBe(0);
    expect(RAW_CONTROL.test(run.stdout + run.stderr)).toBe(false);
    const hints = hintsOf(run);
    expect(hints.length, run.stderr).toBeGreaterThan(0);
    const pasted = hints.map((hint) => paste('/bin/bash', hint));
    expect(pasted.map((one) => one.argv)).toContainEqual(argv);
    // Where a shell does not know $'…' the word is another one, and nothing but a word.
    for (const { made } of [...pasted, ...hints.map((hint) => paste('/bin/sh', hint))]) expect(made).toEqual([]);
    expect(existsSync(join(cwd, 'PWNED'))).toBe(false);
  });

  test.skipIf(process.getuid?.() !== 0)('logs of another account', async () => {
    const cwd = tempDir();
    chownSync(logsIn(cwd, word), 1234, 1234);
    const [hint = ''] = hintsOf(await grace([...INCIDENT, '--logs', word], { cwd }));
    expect(paste('/bin/bash', hint).argv).toEqual(['sudo', '-u', '#1234', 'grace', ...INCIDENT, '--logs', word]);
  });
});

describe('shellQuoted', () => {
  test.each(['', 'a', 'a b', "'", '"', '`', '$(x)', '$IFS', '\\', '#', '=ls', '~', '*', '!x', '\n', '\t1', '\x7fa'])(
    '%j is one word',
    (word) => {
      expect(paste('/bin/bash', `ls ${shellQuoted(word)}`).argv).toEqual(['ls', word]);
    },
  );

  test('leaves alone what needs no quotes, and has a word for nothing', () => {
    expect(['/var/log/a-b_c.jsonl', '--logs=x', ''].map(shellQuoted)).toEqual([
      '/var/log/a-b_c.jsonl',
      '--logs=x',
      "''",
    ]);
  });

  test('an argument that looks like an option stands behind --', () => {
    expect(shellArguments('/a', 'b c')).toBe("/a 'b c'");
    expect(shellArguments('/a', '-b')).toBe('-- /a -b');
  });
});
