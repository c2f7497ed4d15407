import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Context, processContext } from '../../src/cli/context.js';
import { type HealInstallOptions, runHealInstall } from '../../src/cli/heal-install.js';
import { ROOT } from '../support/cli.js';
import { tempDir } from '../support/temp-dir.js';
import { fakeOut } from './output/fake-out.js';

const PROCESS = processContext(ROOT);
const UNITS = ['grace-heal-run.service', 'grace-heal-run.timer', 'grace-heal.service'];

function place() {
  const folder = tempDir();
  const units = join(folder, 'units');
  mkdirSync(units);
  writeFileSync(join(folder, 'grace.yaml'), 'version: 1\nlogs: logs\n', { mode: 0o644 });
  return { folder, units };
}

async function install(folder: string, units: string, options: HealInstallOptions) {
  const [out, err] = [fakeOut(), fakeOut()];
  const ctx: Context = { ...PROCESS, cwd: folder, env: {}, invocation: 'grace heal install', out, err };
  const code = await runHealInstall(ctx, options, units);
  return { code, stdout: out.text, stderr: err.text };
}

const isRoot = process.getuid?.() === 0;

describe('heal install --dry-run', () => {
  it('prints the units and a line for cron, and touches nothing', async () => {
    const { folder, units } = place();
    const { code, stdout, stderr } = await install(folder, units, { dryRun: true });
    expect([code, stderr]).toEqual([0, '']);
    for (const name of UNITS) expect(stdout).toContain(`## ${join(units, name)}\n`);
    expect(stdout).toContain(
      `ExecStart=${process.execPath} ${join(ROOT, 'bin/grace.js')} heal watch --config ${folder}/grace.yaml --logs ${folder}/logs\n`,
    );
    expect(stdout).toMatch(/^\* \* \* \* \* \S+ \S+bin\/grace\.js heal run --config \S+ --logs \S+$/m);
    expect(readdirSync(units)).toEqual([]);
    expect(readdirSync(folder).sort()).toEqual(['grace.yaml', 'units']);
  });

  it('runs as the owner of the logs, and as nobody else', async ({ skip }) => {
    if (!isRoot) skip('it takes root to give a directory to another account');
    const { folder, units } = place();
    mkdirSync(join(folder, 'logs'));
    chownSync(join(folder, 'logs'), 1, 1);
    const { stdout } = await install(folder, units, { dryRun: true });
    expect(stdout).toContain('\nUser=daemon\n');
    await expect(install(folder, units, { dryRun: true, user: 'root' })).rejects.toMatchObject({
      ...{ code: 'GRACE_NOT_OWNER', exit: 4 },
      message: expect.stringContaining('belongs to daemon'),
    });
  });

  it.each([
    ['an account that is not there', { user: 'no-such-account' }, /no such account/],
    ['a path that cannot stand in a unit', { metrics: '/srv/a\nExecStartPre=/bin/x' }, /cannot stand in a unit/],
  ])('refuses %s', async (_what, options, message) => {
    const { folder, units } = place();
    await expect(install(folder, units, { dryRun: true, ...options })).rejects.toMatchObject({
      ...{ code: 'GRACE_USAGE', exit: 2, message: expect.stringMatching(message) },
    });
  });

  it('needs a configuration', async () => {
    const folder = tempDir();
    await expect(install(folder, folder, { dryRun: true, config: 'none.yaml' })).rejects.toMatchObject({
      code: 'GRACE_NO_CONFIG',
    });
  });
});

describe.skipIf(!isRoot)('heal install, as root', () => {
  async function installed(use: (folder: string, units: string) => Promise<void>) {
    // Not among temporary files: others could change a configuration that lies there.
    const folder = mkdtempSync('/opt/grace-test-');
    chmodSync(folder, 0o755);
    const units = join(folder, 'units');
    mkdirSync(units);
    writeFileSync(join(folder, 'grace.yaml'), 'version: 1\nlogs: logs\n', { mode: 0o644 });
    try {
      await use(folder, units);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  it('writes the units, and says what comes next', () =>
    installed(async (folder, units) => {
      const { code, stdout } = await install(folder, units, {});
      expect(code).toBe(0);
      expect(readdirSync(units).sort()).toEqual(UNITS);
      for (const name of UNITS) expect(statSync(join(units, name)).mode & 0o777).toBe(0o644);
      expect(stdout).toContain('systemctl daemon-reload && systemctl enable --now grace-heal\n');
      expect(stdout).toContain(`install -d -m 0750 -o root ${folder}/logs\n`);
      expect(existsSync(join(folder, 'logs'))).toBe(false);
    }));

  it('writes nothing over what says something else, unless it is told to', () =>
    installed(async (folder, units) => {
      const unit = join(units, 'grace-heal-run.timer');
      writeFileSync(unit, 'precious\n');
      await expect(install(folder, units, {})).rejects.toMatchObject({ code: 'GRACE_EXPORT_EXISTS', exit: 4 });
      expect(readdirSync(units)).toEqual(['grace-heal-run.timer']);
      expect(readFileSync(unit, 'utf8')).toBe('precious\n');
      await install(folder, units, { force: true });
      expect(readdirSync(units).sort()).toEqual(UNITS);
      expect(readFileSync(unit, 'utf8')).toContain('[Timer]');
      // What it would write is there.
      expect((await install(folder, units, {})).code).toBe(0);
    }));

  it('refuses a configuration that others could change', () =>
    installed(async (folder, units) => {
      chmodSync(join(folder, 'grace.yaml'), 0o666);
      await expect(install(folder, units, {})).rejects.toMatchObject({ code: 'GRACE_CONFIG_UNTRUSTED', exit: 4 });
      expect(readdirSync(units)).toEqual([]);
    }));

  it('says so where there is no systemd', () =>
    installed(async (folder) => {
      await expect(install(folder, join(folder, 'none'), {})).rejects.toMatchObject({
        ...{ code: 'GRACE_FILE_NOT_WRITTEN', message: expect.stringContaining('its directory does not exist') },
      });
    }));

  it('is for root alone', () =>
    installed(async (folder, units) => {
      process.seteuid?.(65_534);
      try {
        await expect(install(folder, units, {})).rejects.toMatchObject({ code: 'GRACE_NEEDS_ROOT', exit: 4 });
        expect((await install(folder, units, { dryRun: true })).code).toBe(0);
      } finally {
        process.seteuid?.(0);
      }
      expect(readdirSync(units)).toEqual([]);
    }));
});
