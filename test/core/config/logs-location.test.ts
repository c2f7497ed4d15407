import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type LocationSources, locateConfig, locateLogs } from '../../../src/core/config/logs-location.js';
import { OperatorError } from '../../../src/core/errors.js';
import { tempDir } from '../../support/temp-dir.js';

/** A host where no configuration is found unless the test writes one. */
function host(): { cwd: string; home: string; sources: (change?: Partial<LocationSources>) => LocationSources } {
  const root = tempDir();
  const cwd = join(root, 'cwd');
  const home = join(root, 'home');
  for (const dir of [cwd, home]) mkdirSync(dir);
  return { cwd, home, sources: (change = {}) => ({ cwd, env: { HOME: home }, ...change }) };
}

function write(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

async function refusal(work: Promise<unknown>): Promise<OperatorError> {
  const error = await work.then(
    (value) => new Error(`it answered ${String(value)}`),
    (thrown: unknown) => thrown,
  );
  if (error instanceof OperatorError) return error;
  throw error;
}

describe('locateLogs', () => {
  it('takes --logs, then $GRACE_LOGS, then grace.yaml, then ./logs', async () => {
    const { cwd, home, sources } = host();
    expect(await locateLogs(sources())).toBe(join(cwd, 'logs'));
    write(join(cwd, 'grace.yaml'), 'logs: data\n');
    expect(await locateLogs(sources())).toBe(join(cwd, 'data'));
    const env = { HOME: home, GRACE_LOGS: 'from-env' };
    expect(await locateLogs(sources({ env }))).toBe(join(cwd, 'from-env'));
    expect(await locateLogs(sources({ env, logs: '/given' }))).toBe('/given');
    expect(await locateLogs(sources({ env, logs: '../up' }))).toBe(join(dirname(cwd), 'up'));
  });

  it('takes logs: of a configuration relative to its file', async () => {
    const { cwd, sources } = host();
    const config = write(join(cwd, 'etc', 'grace.yaml'), 'version: 1\nlogs: ../var/logs\n');
    expect(await locateLogs(sources({ config }))).toBe(join(cwd, 'var', 'logs'));
    expect(await locateLogs(sources({ config: 'etc/grace.yaml' }))).toBe(join(cwd, 'var', 'logs'));
    write(config, 'logs: /var/lib/grace\n');
    expect(await locateLogs(sources({ config }))).toBe('/var/lib/grace');
  });

  it.each(['', '# nothing\n', 'version: 1\n'])(
    'falls back on ./logs where the configuration names none: %j',
    async (text) => {
      const { cwd, sources } = host();
      write(join(cwd, 'grace.yaml'), text);
      expect(await locateLogs(sources())).toBe(join(cwd, 'logs'));
    },
  );

  it('takes an empty $GRACE_LOGS for none, and an empty --logs for a mistake', async () => {
    const { cwd, home, sources } = host();
    expect(await locateLogs(sources({ env: { HOME: home, GRACE_LOGS: '' } }))).toBe(join(cwd, 'logs'));
    expect(await refusal(locateLogs(sources({ logs: '' })))).toMatchObject({ code: 'GRACE_USAGE', exit: 2 });
  });

  it('creates nothing', async () => {
    const { cwd, sources } = host();
    await locateLogs(sources({ logs: 'none' }));
    await locateLogs(sources());
    expect(readdirSync(cwd)).toEqual([]);
    expect(existsSync(join(cwd, 'logs'))).toBe(false);
  });

  it.each([
    ['logs: [a]\n', ':1:7: '],
    ['version: 1\nlogs: 5\n', ':2:7: '],
    ['logs: ""\n', ':1:7: '],
    ['logs: a\nlogs: b\n', ':2:1: '],
    ['- a\n', ':1:1: '],
    ['a: [1\nb: 2\n', ':2:1: '],
  ])('says where in the configuration the mistake is: %j', async (text, place) => {
    const { cwd, sources } = host();
    const path = write(join(cwd, 'grace.yaml'), text);
    const error = await refusal(locateLogs(sources()));
    expect(error).toMatchObject({ code: 'GRACE_CONFIG_INVALID', exit: 2 });
    expect(error.message).toContain(path + place);
    expect(error.message).toMatch(/:\d+:\d+: \S/);
    expect(error.message).not.toContain('\n');
  });

  it.each([
    ['a: [1\nlogs: /var/lib/grace # here\nb: 2\n', '/var/lib/grace'],
    ['logs:   /srv/logs\nlogs: /srv/logs\n', '/srv/logs'],
  ])('finds logs that a broken configuration names plainly: %j', async (text, found) => {
    const { cwd, sources } = host();
    write(join(cwd, 'grace.yaml'), text);
    expect(await locateLogs(sources())).toBe(found);
  });

  it.each([
    'a: [1\nlogs: logs\n',
    'a: [1\n  logs: /indented\n',
    'a: [1\nlogs: "/quoted"\n',
    'a: [1\nlogs: /two words\n',
    'a: [1\n# logs: /commented\n',
  ])('does not guess where a broken configuration is not plain: %j', async (text) => {
    const { cwd, sources } = host();
    write(join(cwd, 'grace.yaml'), text);
    expect(await refusal(locateLogs(sources()))).toMatchObject({ code: 'GRACE_CONFIG_INVALID', exit: 2 });
  });

  it('does not look into a configuration when the logs are named', async () => {
    const { cwd, sources } = host();
    write(join(cwd, 'grace.yaml'), '{{{');
    expect(await locateLogs(sources({ logs: '/x' }))).toBe('/x');
  });

  it('says that a configuration cannot be read', async () => {
    const { cwd, sources } = host();
    mkdirSync(join(cwd, 'grace.yaml'));
    expect(await refusal(locateLogs(sources()))).toMatchObject({ code: 'GRACE_CONFIG_UNREADABLE', exit: 2 });
  });
});

describe('locateConfig', () => {
  it('takes --config, $GRACE_CONFIG, ./grace.yaml, $XDG_CONFIG_HOME, ~/.config, in this order', () => {
    const { cwd, home, sources } = host();
    const inHome = write(join(home, '.config', 'grace', 'grace.yaml'), '');
    expect(locateConfig(sources())).toBe(inHome);
    const xdg = join(home, 'xdg');
    const inXdg = write(join(xdg, 'grace', 'grace.yaml'), '');
    const env = { HOME: home, XDG_CONFIG_HOME: xdg };
    expect(locateConfig(sources({ env }))).toBe(inXdg);
    const here = write(join(cwd, 'grace.yaml'), '');
    expect(locateConfig(sources({ env }))).toBe(here);
    const named = write(join(cwd, 'named.yaml'), '');
    expect(locateConfig(sources({ env: { ...env, GRACE_CONFIG: 'named.yaml' } }))).toBe(named);
    const given = write(join(cwd, 'given.yaml'), '');
    expect(locateConfig(sources({ env: { ...env, GRACE_CONFIG: 'named.yaml' }, config: 'given.yaml' }))).toBe(given);
  });

  it('wants one that is named to be there', () => {
    const { cwd, sources } = host();
    chmodSync(cwd, 0o755);
    expect(() => locateConfig(sources({ config: 'missing.yaml' }))).toThrow(OperatorError);
    expect(() => locateConfig(sources({ config: 'missing.yaml' }))).toThrow(join(cwd, 'missing.yaml'));
    expect(() => locateConfig(sources({ env: { GRACE_CONFIG: '/nonexistent.yaml' } }))).toThrow('/nonexistent.yaml');
  });
});
