import { expect, test } from 'vitest';
import { isOwnFile, rootFault } from '../../../src/healing/steps/root-fault.js';

test.each([
  ...['/', '/etc', '/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/boot', '/dev', '/proc', '/sys'],
  ...['/home', '/root', '/var', '/var/lib', '/opt', '/run', '/etc/', '//etc', '/./etc/.', '/var//lib/', '///', '/.'],
  ...['/etc/nginx', '/usr/bin', '/usr/lib/x', '/proc/1', '/sys/fs', '/boot/grub', '/var/log/../../etc', 'var/log', ''],
])('%j may not be a root', (path) => {
  expect(rootFault(path)).toBeTypeOf('string');
});

test.each(['/var/log', '/var/lib/app', '/tmp', '/home/web/logs', '/opt/app', '/var/cache/', '/run/app', '/library/x'])(
  '%j may be a root',
  (path) => {
    expect(rootFault(path)).toBeUndefined();
  },
);

test('files of grace', () => {
  const own = [
    'incidents.jsonl',
    'incidents.jsonl.2.gz',
    'immutable_audit.jsonl',
    'immutable_audit.notes',
    'registry.db',
  ];
  for (const name of [...own, 'registry.db-shm', 'ledger.lock', '.reserve', 'probes.db']) {
    expect([name, isOwnFile(name)]).toEqual([name, true]);
  }
  for (const name of ['a.log', 'my-incidents.jsonl', 'lock', 'reserve'])
    expect([name, isOwnFile(name)]).toEqual([name, false]);
});
