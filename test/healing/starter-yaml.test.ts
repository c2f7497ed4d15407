import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/core/config/read-config.js';
import type { FoundOnHost } from '../../src/healing/starter/found-on-host.js';
import { starterYaml } from '../../src/healing/starter/starter-yaml.js';
import { playbookFaults } from '../../src/healing/steps/playbook-faults.js';

const NOTHING: FoundOnHost = { listeners: [], units: [], mounts: [], databases: [], certificates: [] };

const HOST: FoundOnHost = {
  listeners: [
    { port: 22, executable: '/usr/sbin/sshd', unit: 'ssh.service' },
    { port: 80, executable: '/usr/sbin/nginx', unit: 'nginx.service' },
    { port: 443, executable: '/usr/sbin/nginx', unit: 'nginx.service' },
    { port: 9000, executable: '/opt/my app/server' },
    { port: 111 },
  ],
  units: ['app.service', 'nginx.service', '-.service', 'a b.service'],
  mounts: ['/', '/srv/my data'],
  databases: ['/var/lib/app/app.db', '/srv/app/app.db', '/srv/\n.db'],
  certificates: ['/etc/letsencrypt/live/example.org/fullchain.pem'],
};

const withoutOneHash = (line: string) => line.replace(/^# /, '');

/** The text with the commented blocks of which `chosen` says so switched on, and how many there are. */
function switchedOn(text: string, chosen: (block: number) => boolean): { text: string; blocks: number } {
  let blocks = -1;
  let isInside = false;
  const lines = text.split('\n').map((line) => {
    const isSetting = line.startsWith('# ');
    if (isSetting && !isInside) blocks++;
    isInside = isSetting;
    return isSetting && chosen(blocks) ? withoutOneHash(line) : line;
  });
  return { text: lines.join('\n'), blocks: blocks + 1 };
}

async function read(text: string) {
  const result = await readConfig(text, 'grace.yaml');
  if (!result.ok) throw new Error(`${JSON.stringify(result.faults, null, 1)}\n${text}`);
  return result;
}

describe('a configuration to begin with', () => {
  it('has nothing active, and is right as it stands', async () => {
    const { config, warnings } = await read(starterYaml(HOST));
    expect(warnings.map(({ field }) => field)).toEqual(['checks']);
    expect(config).toEqual((await read('version: 1')).config);
  });

  it('is right with each of its blocks switched on by itself', async () => {
    const { blocks } = switchedOn(starterYaml(HOST), () => false);
    const plain = (await read(starterYaml(HOST))).sources.places;
    expect(blocks).toBeGreaterThan(10);
    for (let i = 0; i < blocks; i++) {
      const { sources } = await read(switchedOn(starterYaml(HOST), (block) => block === i).text);
      expect(sources.places.size, `block ${i}`).toBeGreaterThan(plain.size);
    }
  });

  it('is right with all of it switched on, the remedies too', async () => {
    const all = switchedOn(starterYaml(HOST), () => true).text;
    const { config, warnings } = await read(all.replaceAll('# heal:', 'heal:'));
    expect(warnings).toEqual([]);
    expect(Object.keys(config.checks)).toEqual([
      'sshd-22',
      'nginx-80',
      'nginx-443',
      'server-9000',
      'port-111',
      'app',
      'disk-root',
      'disk-srv-my-data',
      'sqlite-app.db',
      'sqlite-app.db-2',
      'certificate-example.org-fullchain.pem',
    ]);
    expect(Object.keys(config.playbooks)).toEqual(['restart-ssh', 'restart-nginx', 'restart-app']);
    expect(Object.values(config.playbooks).flatMap(playbookFaults)).toEqual([]);
    expect(config.checks['nginx-443']).toMatchObject({ tcp: { port: 443 }, heal: ['restart-nginx'] });
    expect(config.checks['disk-srv-my-data']?.disk?.path).toBe('/srv/my data');
    expect(Object.values(config.checks).every(({ mode }) => mode === undefined) && config.mode).toBe('observe');
  });

  it('has an example where nothing was found', async () => {
    const text = starterYaml(NOTHING);
    const { config } = await read(switchedOn(text, () => true).text);
    expect(Object.keys(config.checks)).toEqual(['disk-root']);
    expect(text).toContain('## Nothing was found here');
  });

  it('is right whatever the host holds', async () => {
    const path = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }).map((text) => `/${text}`),
      fc.constantFrom(
        '/',
        '/__proto__',
        '/a: b',
        '/#x',
        '/"',
        "/'",
        '/..',
        '/a,b]',
        '/true',
        '/\u2028',
        '/*a',
        `/${'x'.repeat(300)}`,
      ),
    );
    const unit = fc.oneof(
      path.map((text) => text.slice(1)),
      fc.constantFrom('a.service', 'on', 'constructor.service', '1', '-x'),
    );
    const listener = fc.record(
      { port: fc.integer({ min: 1, max: 65_535 }), executable: path, unit },
      { requiredKeys: ['port'] },
    );
    const host = fc.record({
      listeners: fc.array(listener, { maxLength: 20 }),
      units: fc.array(unit),
      mounts: fc.array(path),
      databases: fc.array(path),
      certificates: fc.array(path),
    });
    await fc.assert(
      fc.asyncProperty(host, async (found) => {
        const text = starterYaml(found as FoundOnHost);
        expect(Object.keys((await read(text)).config.checks)).toEqual([]);
        const all = switchedOn(text, () => true).text;
        await read(all);
        await read(all.replaceAll('  # heal:', '  heal:'));
      }),
      { numRuns: Number(process.env.CONFIG_RUNS ?? 100) },
    );
  });
});
