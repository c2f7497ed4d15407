import { expect, it } from 'vitest';
import { FAILURE_MODES, isFailureMode } from '../../../src/core/records/failure-modes.js';

it('begins with the ten that the old system documented', () => {
  expect(FAILURE_MODES.slice(0, 10)).toEqual([
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
  ]);
});

it('names each once', () => {
  expect(new Set(FAILURE_MODES).size).toBe(FAILURE_MODES.length);
});

it.each(FAILURE_MODES)('knows %s', (mode) => {
  expect(mode).toMatch(/^[a-z]+(_[a-z]+)*$/);
  expect(isFailureMode(mode)).toBe(true);
});

it.each(['', 'PORT_IN_USE', 'port_in_use ', 'constructor', 'length'])('does not know %j', (text) => {
  expect(isFailureMode(text)).toBe(false);
});
