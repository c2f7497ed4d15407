import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/core/config/read-config.js';

const DISK = 'disk: { path: /, used_below: 90% }';
const web = (...lines: readonly string[]) =>
  ['version: 1', 'checks:', '  web:', ...lines.map((line) => `    ${line}`)].join('\n');

/** `FIELD: MESSAGE – SUGGESTION` of each fault, without what leads to it. */
async function faultsOf(text: string): Promise<string[]> {
  const read = await readConfig(text, 'grace.yaml');
  return read.ok
    ? []
    : read.faults.map(({ field, message, suggestion }) =>
        [`${field.replace(/^checks\.web\./, '')}: ${message}`, ...(suggestion === undefined ? [] : [suggestion])].join(
          ' – ',
        ),
      );
}

const NO_DURATION = 'is not a duration such as 500ms, 5s, 2m, 1h or 7d';
const NO_SIZE = 'is not a size such as 512MiB or 10GB';

describe('what was found is named, and what was most likely meant', () => {
  it.each<[written: string, told: string]>([
    [web(DISK, 'every: "5"'), `every: "5" ${NO_DURATION} – write 5s`],
    [web(DISK, 'every: 1h30m'), `every: 1h30m ${NO_DURATION} – write 90m`],
    [web(DISK, 'every: 10 Min'), `every: "10 Min" ${NO_DURATION} – write 10m`],
    [web(DISK, 'every: 3M'), `every: 3M ${NO_DURATION} – for example every: 30s`],
    [web(DISK, 'every: soon'), `every: soon ${NO_DURATION} – for example every: 30s`],
    [web(DISK, 'every: [5s]'), 'every: is a list, not a text – write 5s'],
    [web('tcp: { port: 1, timeout: 5000 }'), `tcp.timeout: 5000 ${NO_DURATION} – write 5000ms`],
    [web('disk: { path: /, used_below: 90 }'), 'disk.used_below: 90 is not a share such as 90% – write 90%'],
    [web('disk: { path: /, used_below: 0.9 }'), 'disk.used_below: 0.9 is not a share such as 90% – write 90%'],
    [web('disk: { path: /, used_below: 1 }'), 'disk.used_below: 1 is not a share such as 90% – write 1% or 100%'],
    [web('disk: { path: /, used_below: 150% }'), 'disk.used_below: 150% is not between 0% and 100%'],
    [web('process: { name: x, rss_below: 64k }'), `process.rss_below: 64k ${NO_SIZE} – write 64KiB`],
    [web('process: { name: x, rss_below: 5 gb }'), `process.rss_below: "5 gb" ${NO_SIZE} – write 5GB`],
    [web('process: { name: x, rss_below: 512 }'), `process.rss_below: 512 ${NO_SIZE} – write 512B or 512MiB`],
    [
      web('memory: { available_above: 10 }'),
      `memory.available_above: 10 is not a share such as 90%, and ${NO_SIZE} – write 10%`,
    ],
    [web(DISK, 'confirm: 2/3'), 'confirm: 2/3 is not a rule such as 2 of 3 – write 2 of 3'],
    [web(DISK, 'confirm: 3 of 2'), 'confirm: "3 of 2" is not N of M with 1 ≤ N ≤ M ≤ 21 – write 2 of 3'],
    [web(DISK, 'limits: { max: 3/1h }'), 'limits.max: 3/1h is a text, not a list – write [3/1h]'],
    [web(DISK, 'limits: { max: [3 per day] }'), 'limits.max[0]: "3 per day" is not a cap such as 3/1h – write 3/1d'],
    [web(DISK, 'severity: HIGH'), 'severity: HIGH is none of low, medium, high, critical – did you mean high?'],
    [web('http: { url: http://a, method: post }'), 'http.method: post is none of GET, HEAD, POST – did you mean POST?'],
    [web(DISK, 'learn: no'), 'learn: no is a text, not true or false – write false'],
    [web('tcp: { port: "8080" }'), 'tcp.port: "8080" is a text, not a number – write 8080'],
    [web('tcp: { port: localhost:8080 }'), 'tcp.port: localhost:8080 is a text, not a number – write 8080'],
    [web('tcp: { port: 70000 }'), 'tcp.port: 70000 is not a port: 1 to 65535'],
    [
      web('http: { url: http://a, expect: 2xx }'),
      'http.expect: 2xx is a text, not a number or a list – for example expect: 200',
    ],
    [web('http: { url: http://a, expect: 700 }'), 'http.expect: 700 is more than 599 – for example expect: 200'],
    [
      web('http: { url: localhost:80/x }'),
      'http.url: localhost:80/x is not an http: or https: address – write http://localhost:80/x',
    ],
    [web('file: { path: var/log/x }'), 'file.path: var/log/x is not an absolute path – write /var/log/x'],
    [web('file: { path: /a/../b }'), 'file.path: /a/../b contains .. – write /b'],
    [
      web('file: { path: ~/x }'),
      'file.path: ~/x is not an absolute path – write it out: neither ~ nor $NAME is filled in',
    ],
    [
      web('log: { path: /x, pattern: "*ERROR" }'),
      'log.pattern: *ERROR is not an expression of RE2: missing argument to repetition operator: `*` – to find it as it stands: "\\\\*ERROR"',
    ],
    [web(DISK, 'depends_on: a, b'), 'depends_on: "a, b" is a text, not a list – write [a, b]'],
    [
      web('command: { run: /bin/systemctl restart web }'),
      'command.run: "/bin/systemctl restart web" is a text, not a list – write [/bin/systemctl, restart, web]',
    ],
    [
      web('command: { run: /bin/sh -c "a | b" }'),
      'command.run: "/bin/sh -c "a | b"" is a text, not a list – write a list: [ONE, ANOTHER]',
    ],
    [web('command: { run: [/bin/sleep, 5] }'), 'command.run[1]: 5 is a number, not a text – write "5"'],
    [web('systemd: nginx.service'), 'systemd: nginx.service is a text, not a mapping – write { unit: nginx.service }'],
    [web('disk: /'), 'disk: / is a text, not a mapping – known here: path, used_below, free_above, inodes_used_below'],
    [
      'version: 1\nchecks:\n  - name: web',
      'checks: is a list, not a mapping – write NAME: before each entry, in the place of its dash',
    ],
    [
      'version: 1\nplaybooks: { p: { steps: { wait: 1s } } }',
      'playbooks.p.steps: is a mapping, not a list – begin each entry with a dash',
    ],
    [
      'version: 1\nmaintenance: [{ cron: 0 30 3 * * *, lasts: 1h }]',
      expect.stringMatching(
        /^maintenance\[0\]\.cron: "0 30 3 \* \* \*" is not a cron expression: .* – write 30 3 \* \* \* /,
      ),
    ],
    [
      'version: 1\nmaintenance: [{ cron: 03:30, lasts: 1h }]',
      'maintenance[0].cron: 03:30 is not a cron expression: minute hour day month weekday – write 30 3 * * *',
    ],
    [
      'version: 1\naccounts: { bob: { may: [] } }',
      'accounts.bob: is not an account: healer, learner, operator:USER or alert:SOURCE – write operator:bob',
    ],
    [
      `version: 1\nmode: ${'x'.repeat(300)}`,
      `mode: ${'x'.repeat(59)}… is none of observe, act – for example mode: observe`,
    ],
  ])('%j', async (written, told) => {
    expect(await faultsOf(written)).toEqual([told]);
  });

  it('what is suggested is taken', async () => {
    for (const every of ['5', '5 sec', '1h30m', '.5 s', '700', '2 days']) {
      const [fault = ''] = await faultsOf(web(DISK, `every: ${every}`));
      const meant = / – write (.*)$/.exec(fault)?.[1];
      expect(meant, every).toBeDefined();
      expect(await faultsOf(web(DISK, `every: ${meant}`)), every).toEqual([]);
    }
  });
});

describe('what may be a secret is not told', () => {
  it.each([
    'notify: [{ webhook: https://hooks.example.org/hunter2 }]',
    'notify: [{ webhook: { url: "https://x/hunter2 ", secret_file: hunter2 } }]',
    'checks: { web: { http: { url: http://a, headers: { Authorization: [hunter2], X: "hunter2\\n" } } } }',
    'checks: { web: { http: { url: "htps://u:hunter2@a/", expect: 0 } } }',
    'checks: { web: { http: { url: "htps://a/?token=hunter2" } } }',
    'checks: { web: { http: { url: http://a, expect_header: hunter2 } } }',
    'checks: { web: { tcp: { port: 1, send: [hunter2] } } }',
    'checks: { web: { command: { run: [/bin/a], env: "PIN=hunter2" } } }',
    'playbooks: { p: { steps: [{ http: { url: http://a, authorization_file: Bearer hunter2, body: { k: hunter2 } } }] } }',
    'playbooks: { p: { steps: [{ run: [/bin/a], env: [hunter2] }] } }',
    'password: hunter2',
  ])('%s', async (text) => {
    const told = await faultsOf(`version: 1\n${text}\n`);
    expect(told).not.toEqual([]);
    expect(told.join('\n')).not.toContain('hunter2');
  });

  it('a number neither', async () => {
    const told = await faultsOf(web('command: { run: [/bin/a], env: { PIN: 4711 } }'));
    expect(told).toEqual(['command.env.PIN: is a number, not a text – put it in quotes']);
  });
});
