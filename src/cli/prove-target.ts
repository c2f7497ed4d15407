import type Database from 'better-sqlite3';
import { EXIT, OperatorError } from '../core/errors.js';
import {
  auditExtent,
  type Binding,
  type EntryPlace,
  entriesNamed,
  entryUpTo,
  fileOfLine,
  isIncident,
  type LineFile,
  lastBinding,
} from '../core/registry/queries/audit-lines.js';
import { nextCommand } from './next-command.js';
import type { Reading } from './reading.js';

/** The line that is to be proved, and where to look for it. */
export interface ProveTarget {
  /** From 1. */
  readonly line: number;
  readonly file: LineFile;
  /** The entry there; `undefined` for a line that is none. */
  readonly entry: EntryPlace | undefined;
  /** Where the search for the line begins: at so many bytes, and so many lines on. */
  readonly from: { readonly offset: number; readonly skip: number };
  /** The incident that was asked for, and what the entry says about its line. */
  readonly incident: { readonly incident_id: string; readonly binding: Binding } | undefined;
}

/** Finds what was named: the number of a line, the id of an entry, or that of an incident. */
export function proveTarget(reading: Reading, what: string): ProveTarget {
  return reading.registry.read((db) => {
    if (/^\d+$/.test(what)) return targetAt(db, reading, Number(what), undefined);
    const entries = entriesNamed(db, what);
    const [entry, ...others] = entries;
    if (entry && others.length > 0) throw ambiguous(reading, what, entries);
    if (entry) return targetAt(db, reading, entry.line, undefined);
    const binding = lastBinding(db, what);
    if (binding) return targetAt(db, reading, binding.line, { incident_id: what, binding });
    throw isIncident(db, what) ? notBound(reading, what) : noSuchEntry(reading, what);
  });
}

function targetAt(
  db: Database.Database,
  reading: Reading,
  line: number,
  incident: ProveTarget['incident'],
): ProveTarget {
  const file = fileOfLine(db, line);
  if (!file) throw notThere(db, reading, line);
  const near = entryUpTo(db, file, line);
  const from = near ? { offset: near.position, skip: line - near.line } : { offset: 0, skip: line - file.first - 1 };
  return { line, file, entry: near?.line === line ? near : undefined, from, incident };
}

function notThere(db: Database.Database, reading: Reading, line: number): OperatorError {
  const { gone, lines } = auditExtent(db);
  if (line >= 1 && line <= gone) {
    return new OperatorError(
      'GRACE_LINE_ABSENT',
      EXIT.notFound,
      `line ${line} is in an older file of the audit log that is not here: lines 1 to ${gone} are not`,
      { hint: `${nextCommand(['evidence', 'prove', String(line)], reading.where)}   # when that file is back` },
    );
  }
  if (line > lines && reading.sync.logs.audit.untaken > 0) return notSealed(reading, `line ${line}`);
  return new OperatorError(
    'GRACE_NO_SUCH_ENTRY',
    EXIT.notFound,
    `there is no line ${line}: the audit log has ${lines}`,
    {
      hint: nextCommand(['registry', 'stats'], reading.where),
    },
  );
}

export function notSealed({ where }: Pick<Reading, 'where'>, what: string): OperatorError {
  return new OperatorError('GRACE_NOT_SEALED', EXIT.badAnswer, `${what} is not sealed yet: no signed note covers it`, {
    hint: `${nextCommand(['registry', 'sync'], where)}   # signs a note of all lines, if the key is there`,
  });
}

function noSuchEntry({ where }: Reading, what: string): OperatorError {
  return new OperatorError(
    'GRACE_NO_SUCH_ENTRY',
    EXIT.notFound,
    `no entry and no incident is named ${what}; ids are written in full`,
    {
      hint: nextCommand(['registry', 'list'], where),
    },
  );
}

function notBound({ where }: Reading, incident_id: string): OperatorError {
  return new OperatorError(
    'GRACE_NOT_BOUND',
    EXIT.badAnswer,
    `no entry of the audit log vouches for ${incident_id}: it is from before the log was sealed`,
    { hint: `${nextCommand(['evidence', 'export', '--out', 'evidence.tar'], where)}   # has all there is about it` },
  );
}

function ambiguous({ where }: Reading, what: string, entries: readonly EntryPlace[]): OperatorError {
  const lines = entries.map(({ line }) => line).join(', ');
  return new OperatorError('GRACE_AMBIGUOUS', EXIT.usage, `several entries are named ${what}: lines ${lines}`, {
    hint: nextCommand(['evidence', 'prove', String(entries[0]?.line)], where),
  });
}
