import { test } from 'vitest';
import { checkSchema } from '../../../src/core/config/schema/check-schema.js';
import { isFailureMode } from '../../../src/core/records/failure-modes.js';
import { defaultFailureMode, defaultTarget } from '../../../src/healing/checks/check-defaults.js';

test.for([
  [{ http: { url: 'http://me:secret@h.example/x?y=1' } }, 'api_timeout', 'http://h.example/x?y=1'],
  [{ http: { url: 'http://127.0.0.1:8080' } }, 'api_timeout', 'http://127.0.0.1:8080'],
  [{ tcp: { port: 5432 } }, 'service_down', 'tcp://127.0.0.1:5432'],
  [{ tcp: { host: '::1', port: 5432 } }, 'service_down', 'tcp://[::1]:5432'],
  [{ port_free: { port: 8080 } }, 'port_in_use', 'port:8080'],
  [{ process: { pidfile: '/run/x.pid', name: 'x' } }, 'process_missing', '/run/x.pid'],
  [{ process: { name: 'nginx', match: 'y' } }, 'process_missing', 'process:nginx'],
  [{ process: { match: 'java -jar x' } }, 'process_missing', 'process:java -jar x'],
  [{ systemd: { unit: 'web.service' } }, 'service_down', 'web.service'],
  [{ systemd: { unit: 'web.service', user: true } }, 'service_down', 'user:web.service'],
  [{ command: { run: ['/bin/true', 'secret'] } }, 'service_down', 'it'],
  [{ disk: { path: '/', used_below: '90%', inodes_used_below: '90%' } }, 'disk_full', '/'],
  [{ disk: { path: '/', inodes_used_below: '90%' } }, 'inodes_exhausted', '/'],
  [{ disk: { path: '/', free_above: '1GB' } }, 'disk_full', '/'],
  [{ memory: { available_above: '5%' } }, 'memory_pressure', 'memory'],
  [{ memory: { cgroup: '/sys/fs/cgroup/x', pressure_full_below: '5%' } }, 'memory_pressure', '/sys/fs/cgroup/x'],
  [{ file: { path: '/etc/x' } }, 'config_missing', '/etc/x'],
  [{ file: { path: '/etc/x', parses_as: 'yaml' } }, 'file_corrupt', '/etc/x'],
  [{ sqlite: { path: '/x.db' } }, 'database_corrupt', '/x.db'],
  [{ sqlite: { path: '/x.db', integrity: 'none' } }, 'database_locked', '/x.db'],
  [{ dns: { name: 'h.example' } }, 'dns_failure', 'dns:h.example'],
  [{ tls: { host: 'h.example' } }, 'certificate_expiring', 'tls://h.example:443'],
  [{ tls: { file: '/etc/x.pem' } }, 'certificate_expiring', '/etc/x.pem'],
  [{ log: { path: '/var/log/x', pattern: 'x' } }, 'service_down', '/var/log/x'],
  [{ heartbeat: { name: 'backup', within: '1d' } }, 'dependency_down', 'heartbeat:backup'],
  [{ all: ['a'] }, 'dependency_down', 'it'],
  [{ any: ['a'] }, 'dependency_down', 'it'],
] as const)('%j is called %s and acts on %s', ([written, mode, target], { expect }) => {
  const config = checkSchema.parse(written);
  expect(defaultFailureMode(config)).toBe(mode);
  expect(isFailureMode(mode)).toBe(true);
  expect(defaultTarget('it', config)).toBe(target);
});
