import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type LoadOptions, loadConfig } from '../../../src/core/config/load-config.js';
import { OperatorError } from '../../../src/core/errors.js';
import { program } from '../../support/child.js';
import { tempDir } from '../../support/temp-dir.js';

function trustedDir(): string {
  const dir = mkdtempSync(join(process.geteuid?.() === 0 ? '/var/lib' : homedir(), 'grace-test-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const REQUIRED: LoadOptions = {
  trust: 'required',
  kindOf: (path) => (path.endsWith('/sh') ? 'interpreter' : 'program'),
};

function written(text: string, dir = trustedDir()): string {
  const path = join(dir, 'grace.yaml');
  writeFileSync(path, text, { mode: 0o644 });
  return path;
}

const load = (config: string, options = REQUIRED) => loadConfig({ cwd: '/', env: {}, config }, options);

async function refusal(config: string, options = REQUIRED): Promise<OperatorError> {
  const error = await load(config, options).then(
    () => new Error('it was taken'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof OperatorError) return error;
  throw error;
}

describe('loadConfig', () => {
  it('reads what counts', async () => {
    const path = written('version: 1\nmode: act\nchecks: { a: { tcp: { port: 1 } } }\n');
    expect(await load(path)).toMatchObject({ path, config: { mode: 'act' }, warnings: [], untrusted: [] });
    const dir = join(path, '..');
    expect(await loadConfig({ cwd: dir, env: { HOME: dir } }, REQUIRED)).toMatchObject({ path });
  });

  it('says that there is none, and how to have one', async () => {
    const cwd = tempDir();
    const error = await loadConfig({ cwd, env: { HOME: cwd } }, REQUIRED).catch((thrown: unknown) => thrown);
    // A host on which these tests run may have one of its own.
    if (!(error instanceof OperatorError)) return;
    expect(error).toMatchObject({
      code: 'GRACE_NO_CONFIG',
      exit: 2,
      hint: expect.stringContaining('grace heal init --out'),
    });
  });

  it('names the first fault and how many more there are', async () => {
    const path = written('version: 2\nmode: x\nz: 1\n');
    expect(await refusal(path)).toMatchObject({
      code: 'GRACE_CONFIG_INVALID',
      exit: 2,
      message: `${path}:1:10: version: 2 is not read, only 1, and 2 more`,
      hint: `grace config check --config ${path}`,
    });
  });

  it('what others could change is refused before what is wrong with it, unless it is only looked at', async () => {
    const path = written('version: 1\n');
    chmodSync(path, 0o666);
    expect(await refusal(path)).toMatchObject({
      code: 'GRACE_CONFIG_UNTRUSTED',
      exit: 4,
      message: `${path}:1:1: ${path} can be written by everybody: its mode is 666`,
    });
    writeFileSync(path, 'version: 2\n');
    expect(await refusal(path)).toMatchObject({ code: 'GRACE_CONFIG_UNTRUSTED' });
    writeFileSync(path, 'version: 1\n');
    const { untrusted } = await load(path, { ...REQUIRED, trust: 'told' });
    expect(untrusted.map(({ message }) => message)).toEqual([`${path} can be written by everybody: its mode is 666`]);
  });

  it('looks at every program, script and secret that is named', async () => {
    const dir = trustedDir();
    mkdirSync(join(dir, 'bad'));
    for (const name of ['plugin', 'script', 'secret', 'data']) {
      writeFileSync(join(dir, 'bad', name), '');
      chmodSync(join(dir, 'bad', name), name === 'data' ? 0o644 : 0o744);
    }
    chmodSync(join(dir, 'bad'), 0o777);
    const path = written(
      `version: 1
checks:
  a: { command: { run: [${dir}/bad/plugin, ${dir}/bad/data] }, heal: [p] }
playbooks:
  p:
    steps:
      - run: [/bin/sh, -e, ${dir}/bad/script, ${dir}/bad/data]
      - run: [/bin/true, ${dir}/bad/script]
      - http: { url: https://localhost/, authorization_file: ${dir}/bad/secret }
      - run: [${dir}/not-there]
notify:
  - webhook: { url: https://localhost/, secret_file: ${dir}/nothing }
`,
      dir,
    );
    const { untrusted, warnings } = await load(path, { ...REQUIRED, trust: 'told' });
    expect(untrusted.map(({ line, field }) => [line, field])).toEqual([
      [3, 'checks.a.command.run[0]'],
      [7, 'playbooks.p.steps[0].run[2]'],
      [7, 'playbooks.p.steps[0].run[3]'],
      [9, 'playbooks.p.steps[2].http.authorization_file'],
      [9, 'playbooks.p.steps[2].http.authorization_file'],
    ]);
    expect(warnings.map(({ field, message }) => [field, message])).toEqual([
      ['playbooks.p.steps[3].run[0]', `${dir}/not-there is not there`],
      ['notify[0].webhook.secret_file', `${dir}/nothing is not there`],
    ]);
    expect(await refusal(path)).toMatchObject({
      message: expect.stringMatching(/^.*:3:\d+: checks\.a\.command\.run\[0\]: .*, and 4 more$/),
    });
  });

  it.each<[name: string, make: (path: string) => void, why: RegExp]>([
    ['a directory', (path) => mkdirSync(path), /it is a directory/],
    ['more than a MiB', (path) => writeFileSync(path, '#'.repeat((1 << 20) + 1)), /longer than 1024 KiB/],
    ['bytes that are no text', (path) => writeFileSync(path, Buffer.from([0x76, 0xff])), /no UTF-8/],
  ])('does not read %s', async (_name, make, why) => {
    const path = join(trustedDir(), 'grace.yaml');
    make(path);
    expect(await refusal(path)).toMatchObject({
      code: 'GRACE_CONFIG_UNREADABLE',
      exit: 2,
      message: expect.stringMatching(why),
    });
  });

  it.each<[encoding: string, bytes: Buffer, why: RegExp, hint: RegExp]>([
    ['UTF-16', Buffer.from('\ufeffversion: 1\n', 'utf16le'), /it is UTF-16/, /^iconv -f UTF-16 -t UTF-8 /],
    ['Latin-1', Buffer.from('version: 1\n# Pr\xfcfung\n', 'latin1'), /the first in line 2/, /^iconv -f ISO-8859-1 /],
  ])('says how %s is made readable', async (_encoding, bytes, why, hint) => {
    const path = join(trustedDir(), 'grace.yaml');
    writeFileSync(path, bytes);
    expect(await refusal(path)).toMatchObject({
      code: 'GRACE_CONFIG_UNREADABLE',
      message: expect.stringMatching(why),
      hint: expect.stringMatching(hint),
    });
  });

  it('does not wait for a pipe', async () => {
    const path = join(trustedDir(), 'grace.yaml');
    const run = await program(
      `import { spawnSync } from 'node:child_process'; import { readConfigText } from 'grace:core/config/config-file';
       spawnSync('mkfifo', [process.argv[2]]);
       try { readConfigText(process.argv[2]); } catch (error) { console.log(error.code); }`,
    );
    expect(await run([path]).nextLine()).toBe('GRACE_CONFIG_UNREADABLE');
  });
});
