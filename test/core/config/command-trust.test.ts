import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandDistrust, filesOfCommand, type KindOf } from '../../../src/core/config/command-trust.js';
import { trustedDir } from '../../support/trusted-dir.js';

const KINDS: Readonly<Record<string, ReturnType<KindOf>>> = {
  ...{ sh: 'script_first', make: 'interpreter', env: 'wrapper', timeout: 'wrapper', sudo: 'wrapper' },
  ...{ gzip: 'program', printf: 'program', backup: 'program', 'tool.bin': 'program' },
};
const kindOf: KindOf = (program) => KINDS[program.split('/').at(-1) ?? ''];

describe('the files of a command', () => {
  test.each<[argv: string[], cwd: string | undefined, files: string[]]>([
    [[], undefined, []],
    [['/bin/printf', '/etc/passwd'], undefined, ['0 program /bin/printf']],
    // Behind the script there is only data.
    [['/bin/sh', '/o/a.sh', '/o/b'], undefined, ['0 program /bin/sh', '1 script /o/a.sh']],
    [['/bin/sh', './a.sh', 'b'], '/srv', ['0 program /bin/sh', '1 script /srv/a.sh']],
    // Behind an option nobody can tell which word is the script.
    [['/bin/sh', '-e', '/o/a.sh', 'w', '/o/b'], undefined, ['0 program /bin/sh', '2 script /o/a.sh', '4 script /o/b']],
    [['/bin/sh', 'a.sh'], '/srv', ['0 program /bin/sh', '0 script /srv', '1 argument /srv/a.sh']],
    [['/bin/make'], '/srv', ['0 program /bin/make', '0 script /srv']],
    [['/bin/env', 'make'], '/srv', ['0 program /bin/env', '1 script /srv']],
    [['/bin/make', '-C', '/o/E'], undefined, ['0 program /bin/make', '2 script /o/E']],
    [
      ['/bin/timeout', '10', '/bin/sh', '/o/a.sh', '/o/b'],
      undefined,
      ['0 program /bin/timeout', '2 program /bin/sh', '3 script /o/a.sh'],
    ],
    [
      ['/bin/env', 'X=/o/x', 'sh', '/o/a.sh'],
      undefined,
      ['0 program /bin/env', '1 script /o/x', '1 argument /X=/o/x', '3 script /o/a.sh'],
    ],
    [['/bin/env', 'timeout', '1', 'make', '-f/o/m'], undefined, ['0 program /bin/env', '4 script /o/m']],
    // What is started is a program whose arguments are data, but for programs among them.
    [['/bin/timeout', '10', 'gzip', '/o/log'], undefined, ['0 program /bin/timeout']],
    [['/bin/timeout', '10', '/bin/gzip', '/o/log'], undefined, ['0 program /bin/timeout', '2 program /bin/gzip']],
    [['/bin/timeout', '10', 'gzip', '/o/tool.bin'], undefined, ['0 program /bin/timeout', '3 program /o/tool.bin']],
    [['/bin/timeout', '10', 'gzip', 'sh', '/o/a'], undefined, ['0 program /bin/timeout', '4 script /o/a']],
    // A name behind an option may be its value.
    [['/bin/sudo', '-u', 'backup', '/o/a'], undefined, ['0 program /bin/sudo', '3 script /o/a']],
  ])('%j in %s', (argv, cwd, files) => {
    expect(filesOfCommand(argv, cwd, kindOf).map(({ index, file, role }) => `${index} ${role} ${file}`)).toEqual(files);
  });

  test('where nothing is known of programs, every argument may be run', () => {
    expect(filesOfCommand(['/bin/printf', 'x', '/etc/passwd'])).toContainEqual({
      ...{ index: 2, file: '/etc/passwd', role: 'script' },
    });
  });
});

test('a command is distrusted as long as others could change what it runs', () => {
  const dir = trustedDir();
  const inner = join(dir, 'inner');
  mkdirSync(inner);
  const script = join(inner, 'script');
  writeFileSync(script, '', { mode: 0o755 });
  const asked = () => [
    commandDistrust([script], undefined, kindOf),
    commandDistrust(['/bin/sh', script], undefined, kindOf),
    commandDistrust(['/bin/sh', './script'], inner, kindOf),
    commandDistrust(['/bin/printf', script], undefined, kindOf),
  ];
  expect(asked()).toEqual([undefined, undefined, undefined, undefined]);
  chmodSync(script, 0o757);
  const ofScript = `${script} can be written by everybody: its mode is 757`;
  expect(asked()).toEqual([ofScript, ofScript, ofScript, undefined]);
  chmodSync(script, 0o755);
  chmodSync(inner, 0o777);
  const ofInner = `${inner} can be written by everybody: its mode is 777`;
  expect(asked()).toEqual([ofInner, ofInner, ofInner, undefined]);
});
