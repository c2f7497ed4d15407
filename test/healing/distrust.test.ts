import { chmodSync, chownSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { distrustNow } from '../../src/healing/distrust.js';
import { trustedDir } from '../support/trusted-dir.js';

const isRoot = process.geteuid?.() === 0;
/** Nobody has this uid. */
const STRANGER = 54_321;

/** Ours, but for what lies in `e` and belongs to another account. */
function place() {
  const dir = trustedDir();
  const at = (name: string) => join(dir, name);
  mkdirSync(at('e'));
  for (const name of ['e/x', 'e/log', 'good.js', 'e/Makefile']) writeFileSync(at(name), '');
  writeFileSync(at('e/run'), '');
  chmodSync(at('e/run'), 0o755);
  symlinkSync('/bin/sh', at('runit'));
  symlinkSync('runit', at('again'));
  for (const name of ['e', 'e/x', 'e/log', 'e/run', 'e/Makefile']) chownSync(at(name), STRANGER, STRANGER);
  return at;
}

type At = ReturnType<typeof place>;

describe.skipIf(!isRoot)('what an account other than ours could change (needs root)', () => {
  test.each<[string, (at: At) => string[]]>([
    ['behind timeout', (at) => ['/usr/bin/timeout', '10', '/bin/sh', at('e/x')]],
    ['behind timeout and its options', (at) => ['/usr/bin/timeout', '-s', 'KILL', '10', '/bin/sh', '-e', at('e/x')]],
    ['behind env', (at) => ['/usr/bin/env', '/bin/sh', at('e/x')]],
    ['behind env, without directories', (at) => ['/usr/bin/env', 'nice', '-n', '5', 'sh', at('e/x')]],
    ['in what env assigns', (at) => ['/usr/bin/env', `LD_PRELOAD=${at('e/x')}`, '/bin/true']],
    ['behind flock', (at) => ['/usr/bin/flock', at('lock'), '/bin/sh', at('e/x')]],
    ['behind flock on a program', (at) => ['/usr/bin/flock', '/bin/true', '/bin/sh', at('e/x')]],
    ['in a text for flock', (at) => ['/usr/bin/flock', at('lock'), '-c', `. ${at('e/x')}`]],
    ['in a text for flock on a program', (at) => ['/usr/bin/flock', '/bin/true', '-c', `. ${at('e/x')}`]],
    ['behind nohup, itself', (at) => ['/usr/bin/nohup', at('e/run')]],
    ['behind xargs', (at) => ['/usr/bin/xargs', '/bin/sh', at('e/x')]],
    ['behind find -exec', (at) => ['/usr/bin/find', at(''), '-exec', '/bin/sh', at('e/x'), ';']],
    ['where find looks for what is run', (at) => ['/usr/bin/find', at('e'), '-exec', '/bin/sh', '{}', ';']],
    ['joined to a letter', (at) => ['/usr/bin/awk', `-f${at('e/x')}`]],
    ['behind =', (at) => [process.execPath, `--require=${at('e/x')}`, at('good.js')]],
    ['behind an option', (at) => [process.execPath, '--require', at('e/x'), at('good.js')]],
    ['behind another script', (at) => [process.execPath, '--require', at('good.js'), at('e/x')]],
    ['behind a subcommand', (at) => [process.execPath, 'inspect', at('e/x')]],
    ['a directory', (at) => ['/usr/bin/make', '-C', at('e')]],
    ['a directory joined to a letter', (at) => ['/usr/bin/make', `-C${at('e')}`]],
    ['in a text', (at) => ['/bin/sh', '-c', `. ${at('e/x')}`]],
    ['in quotes in a text', (at) => ['/bin/sh', '-c', `cd /;exec "${at('e/x')}"`]],
    ['behind a text', (at) => ['/bin/sh', '-c', '. "$1"', 'sh', at('e/x')]],
    ['through a link to a shell', (at) => [at('runit'), at('e/x')]],
    ['through two links to a shell, behind a wrapper', (at) => ['/usr/bin/timeout', '10', at('again'), at('e/x')]],
    ['what is not there yet', (at) => ['/usr/bin/timeout', '10', '/bin/sh', at('e/later')]],
    ['what is not there yet, in a text', (at) => ['/bin/sh', '-c', `. ${at('e/later')}`]],
    ['a program among data', (at) => ['/usr/bin/timeout', '10', '/usr/bin/gzip', at('e/run')]],
  ])('is not run: %s', (_where, argvIn) => {
    const at = place();
    expect(distrustNow(argvIn(at))).toBe(
      `refused: ${at('e')} belongs to #${STRANGER}, not to root; nothing was started`,
    );
  });

  test('is not run from the directory of a command', () => {
    const at = place();
    const refusal = `refused: ${at('e')} belongs to #${STRANGER}, not to root; nothing was started`;
    expect(distrustNow(['/usr/bin/make'], at('e'))).toBe(refusal);
    expect(distrustNow(['/usr/bin/make', 'all'], at('e'))).toBe(refusal);
    expect(distrustNow(['/bin/sh', 'x'], at('e'))).toBe(refusal);
  });

  test.each<[string, (at: At) => string[]]>([
    ['of a program', (at) => ['/usr/bin/gzip', at('e/log')]],
    ['of a program behind a wrapper', (at) => ['/usr/bin/nice', '-n', '5', '/usr/bin/gzip', at('e/log')]],
    ['of a program without a directory', (at) => ['/usr/bin/timeout', '10', 'gzip', at('e/log')]],
    ['of a script', (at) => [process.execPath, at('good.js'), at('e')]],
    ['of a script behind a wrapper', (at) => ['/usr/bin/env', 'A=b', process.execPath, at('good.js'), at('e/log')]],
    ['of find that starts nothing', (at) => ['/usr/bin/find', at('e'), '-name', '*.log', '-delete']],
  ])('is data all the same: %s', (_whose, argvIn) => {
    const at = place();
    expect(existsSync(at('e/log'))).toBe(true);
    expect(distrustNow(argvIn(at))).toBeUndefined();
  });

  test('a device is nobody else’s code', () => {
    expect(distrustNow(['/bin/sh', '-c', 'echo x >/dev/null 2>/dev/stderr'])).toBeUndefined();
  });
});
