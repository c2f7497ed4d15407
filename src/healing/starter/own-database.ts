import { constants, existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { logPath } from '../../core/journal/log-files.js';
import { APPLICATION_ID } from '../../core/registry/database.js';
import { REGISTRY_FILE } from '../../core/registry/registry.js';
import { PROBES_FILE, PROBES_MARK } from '../probe-store.js';
import { headOf } from './head-of.js';

/** The size of a page, in bytes; the first one holds the header and the schema. */
const FIRST_PAGE = 4096;
/** Of the application_id, in the header of every SQLite database. */
const APPLICATION_ID_AT = 68;

/**
 * Whether grace keeps that database itself, whatever it is called. It looks after it: a remedy that put back an old one would
 * be undone. In one that is new, all of it may still lie in the file of the write-ahead log; then its name and the audit log
 * beside it tell.
 */
export function isOwnDatabase(path: string): boolean {
  const page = Buffer.from(headOf(path, FIRST_PAGE, constants.O_NOFOLLOW), 'latin1');
  if (page.length >= APPLICATION_ID_AT + 4 && page.readUInt32BE(APPLICATION_ID_AT) === APPLICATION_ID) return true;
  if (page.includes(PROBES_MARK)) return true;
  const isNamedSo = [REGISTRY_FILE, PROBES_FILE].includes(basename(path));
  return isNamedSo && existsSync(logPath(dirname(path), 'audit'));
}
