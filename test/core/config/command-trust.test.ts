import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandDistrust, filesOfCommand } from '../../../src/core/config/command-trust.js';
import { trustedDir } from '../../support/trusted-dir.js';

const isShell = (program: string) => program.endsWith('sh');

describe('the files of a command', () => {
  test.each([
    [['/bin/printf', '/etc/passwd'], undefined, [[0, '/bin/printf', 'program']]],
    [
      ['/bin/sh', '-e', '/opt/a.sh', 'word', '/opt/b'],
      undefined,
      [
        [0, '/bin/sh', 'program'],
        [2, '/opt/a.sh', 'script'],
        [4, '/opt/b', 'argument'],
      ],
    ],
    [
      ['/bin/sh', 'a.sh'],
      '/srv/app',
      [
        [0, '/bin/sh', 'program'],
        [1, '/srv/app/a.sh', 'script'],
      ],
    ],
    [[], undefined, []],
  ])('%j in %s', (argv, cwd, files) => {
    expect(filesOfCommand(argv, cwd, isShell).map(({ index, file, role }) => [index, file, role])).toEqual(files);
  });
});

test('a command is distrusted as long as others could change what it runs', () => {
  const dir = trustedDir();
  const inner = join(dir, 'inner');
  mkdirSync(inner);
  const script = join(inner, 'script');
  writeFileSync(script, '', { mode: 0o755 });
  const asked = () => [
    commandDistrust([script], undefined, isShell),
    commandDistrust(['/bin/sh', script], undefined, isShell),
    commandDistrust(['/bin/sh', 'script'], inner, isShell),
    commandDistrust(['/bin/printf', script], undefined, isShell),
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
