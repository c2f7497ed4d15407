import type { CheckSpecs } from '../../core/config/schema/check-schema.js';
import type { Clock } from '../../core/host/clock.js';
import type { Finding } from '../check.js';
import { lookAtSqlite } from '../sqlite-look.js';

/** Whether a database can be written to within a time, and is in order. Nothing is written. */
export async function probeSqlite(spec: CheckSpecs['sqlite'], clock: Clock): Promise<Finding> {
  const { path, integrity, lock_within, timeout } = spec;
  const state = await lookAtSqlite(path, {
    integrity,
    lock_within_ms: lock_within * 1000,
    timeout_ms: timeout * 1000,
    clock,
  });
  switch (state.kind) {
    case 'sound':
      return { status: 'ok', summary: `${path} can be written${integrity === 'none' ? '' : ' and is in order'}` };
    case 'missing':
      return { status: 'critical', summary: `${path} is missing` };
    case 'corrupt':
      return { status: 'critical', summary: `${path} is corrupt: ${state.detail}` };
    case 'locked':
      return { status: 'critical', summary: `${path} is locked: ${state.detail}` };
    case 'cut_off':
    case 'unreadable':
      return { status: 'unknown', summary: `the check cannot run: ${path}: ${state.detail}` };
    case 'timed_out':
      return { status: 'unknown', summary: `${path} could not be looked through within ${timeout} s` };
    case 'stopped':
      return { status: 'unknown', summary: 'the check was stopped' };
  }
}
