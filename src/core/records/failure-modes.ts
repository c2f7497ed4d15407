/**
 * The failures a report may name. The first ten are those the old system documented; the others are what hosts have
 * besides. A log that names another mode is read unchanged; a new report must use one of these.
 */
export const FAILURE_MODES = [
  'database_unavailable',
  'port_in_use',
  'slow_start',
  'out_of_memory',
  'disk_full',
  'network_unreachable',
  'api_timeout',
  'config_invalid',
  'invalid_credentials',
  'model_server_down',
  'service_down',
  'service_hung',
  'inodes_exhausted',
  'memory_pressure',
  'database_corrupt',
  'database_locked',
  'config_missing',
  'certificate_expiring',
  'dns_failure',
  'dependency_down',
  'process_missing',
  'file_corrupt',
] as const;

export type FailureMode = (typeof FAILURE_MODES)[number];

export function isFailureMode(text: string): text is FailureMode {
  return (FAILURE_MODES as readonly string[]).includes(text);
}
