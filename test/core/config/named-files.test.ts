import { describe, expect, it } from 'vitest';
import type { KindOf } from '../../../src/core/config/command-trust.js';
import { namedFiles } from '../../../src/core/config/named-files.js';
import { readConfig } from '../../../src/core/config/read-config.js';
import { SAMPLE } from './sample.js';

async function named(steps: string, kindOf?: KindOf): Promise<string[]> {
  const text = `version: 1\nchecks: {}\nplaybooks:\n  p:\n    risk: low\n    steps:\n      - ${steps}\n`;
  const read = await readConfig(text, '/etc/grace/grace.yaml');
  if (!read.ok) throw new Error(read.faults.map(({ field, message }) => `${field}: ${message}`).join('\n'));
  return namedFiles(read.config, kindOf).map(({ role, field, file }) => `${role} ${file} ${field.slice(4).join('.')}`);
}

const SHELL: KindOf = (program) => (program === '/bin/sh' ? 'script_first' : 'program');

describe('the files that a configuration names', () => {
  it('a program, and what a program that runs its arguments is given', async () => {
    expect(await named('run: [/bin/sh, -e, /opt/mend.sh, /etc/mend.conf]', SHELL)).toEqual([
      'program /bin/sh run.0',
      'script /opt/mend.sh run.2',
      'script /etc/mend.conf run.3',
    ]);
    expect(await named('run: [/opt/mend, /srv/data]', SHELL)).toEqual(['program /opt/mend run.0']);
    expect(await named('run: [/opt/mend, /srv/data]')).toContain('script /srv/data run.1');
  });

  it('a script without a directory is one of the directory in which it is run', async () => {
    const restart = (more: string) => `restart: { start: [/bin/sh, server.sh, --port, "80"], pidfile: /run/p${more} }`;
    expect(await named(restart(', cwd: /srv/web'), SHELL)).toEqual([
      'program /bin/sh restart.start.0',
      'script /srv/web restart.start.0',
      'argument /srv/web/server.sh restart.start.1',
      'argument /srv/web/port restart.start.2',
      'argument /srv/web/80 restart.start.3',
    ]);
    // Without a directory of its own nobody could tell which file is meant.
    expect(await named(restart(''), SHELL)).toEqual(['program /bin/sh restart.start.0']);
  });

  it('those of checks and of notices, too', async () => {
    const text = SAMPLE.replace('expect: 200', 'expect: 200, ca_file: /etc/ca.pem');
    const read = await readConfig(text.replace('http://127', 'https://127'), '/etc/grace/grace.yaml');
    if (!read.ok) throw new Error(JSON.stringify(read.faults));
    expect(namedFiles(read.config, SHELL)).toEqual([
      { role: 'data', field: ['checks', 'web', 'http', 'ca_file'], file: '/etc/ca.pem' },
      { role: 'program', field: ['playbooks', 'restart-web', 'steps', 0, 'run', 0], file: '/usr/bin/systemctl' },
      { role: 'program', field: ['notify', 0, 'run', 0], file: '/usr/local/bin/page-oncall' },
    ]);
  });
});
