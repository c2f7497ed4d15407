import { join } from 'node:path';

/** The two logs that are the only truth. */
export type LogName = 'incidents' | 'audit';

export const LOG_NAMES: readonly LogName[] = ['incidents', 'audit'];

export const LOG_FILE: Readonly<Record<LogName, string>> = {
  incidents: 'incidents.jsonl',
  audit: 'immutable_audit.jsonl',
};

export function logPath(dir: string, log: LogName): string {
  return join(dir, LOG_FILE[log]);
}

/** A line longer than this is quarantined without being held in memory. Bytes without the LF. */
export const MAX_LINE_BYTES = 1 << 20;

/** The mutex of all who write; see lock.ts. */
/** Held while a key is replaced. */
export const REKEY_LOCK_FILE = 'rekey.lock';
export const LEDGER_LOCK_FILE = 'ledger.lock';
