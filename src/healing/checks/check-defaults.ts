import { isIPv6 } from 'node:net';
import type { CheckConfig } from '../../core/config/schema/check-schema.js';
import type { FailureMode } from '../../core/records/failure-modes.js';

/** What a failure of this check is called when the configuration does not say. */
export function defaultFailureMode(config: CheckConfig): FailureMode {
  const { disk, file, sqlite } = config;
  if (config.http) return 'api_timeout';
  if (config.tcp || config.systemd || config.command || config.log) return 'service_down';
  if (config.port_free) return 'port_in_use';
  if (config.process) return 'process_missing';
  if (disk) {
    const bytes = disk.used_below !== undefined || disk.free_above !== undefined;
    return !bytes && disk.inodes_used_below !== undefined ? 'inodes_exhausted' : 'disk_full';
  }
  if (config.memory) return 'memory_pressure';
  if (file) {
    const { exists, newer_than, older_than, size_above, size_below, parses_as, sha256, contains } = file;
    const more = [newer_than, older_than, size_above, size_below, parses_as, sha256, contains];
    return exists && more.every((limit) => limit === undefined) ? 'config_missing' : 'file_corrupt';
  }
  if (sqlite) return sqlite.integrity === 'none' ? 'database_locked' : 'database_corrupt';
  if (config.dns) return 'dns_failure';
  if (config.tls) return 'certificate_expiring';
  return 'dependency_down';
}

/** What a remedy acts on when the configuration does not say: what the check looks at. It holds no credentials. */
export function defaultTarget(name: string, config: CheckConfig): string {
  const {
    http,
    tcp,
    port_free,
    process: processes,
    systemd,
    disk,
    memory,
    file,
    sqlite,
    dns,
    tls,
    log,
    heartbeat,
  } = config;
  if (http) return withoutCredentials(http.url);
  if (tcp) return address('tcp', tcp.host, tcp.port);
  if (port_free) return `port:${port_free.port}`;
  if (processes) return processes.pidfile ?? `process:${processes.name ?? processes.match ?? processes.user ?? name}`;
  if (systemd) return systemd.user ? `user:${systemd.unit}` : systemd.unit;
  if (disk) return disk.path;
  if (memory) return memory.cgroup ?? 'memory';
  if (file) return file.path;
  if (sqlite) return sqlite.path;
  if (dns) return `dns:${dns.name}`;
  if (tls) return tls.file ?? (tls.host === undefined ? name : address('tls', tls.host, tls.port));
  if (log) return log.path;
  if (heartbeat) return `heartbeat:${heartbeat.name}`;
  return name;
}

function address(scheme: string, host: string, port: number): string {
  return `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

function withoutCredentials(url: string): string {
  const parsed = new URL(url);
  if (parsed.username === '' && parsed.password === '') return url;
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}
