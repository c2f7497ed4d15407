import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { LogName } from '../../src/core/journal/log-files.js';
import { ACTION } from '../../src/core/records/audit-actions.js';
import { isJsonObject } from '../../src/core/records/json.js';
import { foreignRanges, isIn, type Logs, linesOf } from './lines.js';
import { type SealEvidence, unsealedRest, wrongSeal } from './seal-checks.js';

/** Violations shown in full when an expectation fails. */
const SHOWN = Number(process.env.GRACE_FAULT_SHOW ?? 8);

/** What a machine that was broken has left, as far as the checks below look at it. */
export interface Evidence {
  /** Names of the records whose command was told that they are durable. */
  readonly acks: readonly string[];
  /** The bytes of each log, file by file, oldest first. */
  readonly logs: Logs;
  /** Which files those of the audit log are. */
  readonly auditFiles: readonly { readonly dev: number; readonly ino: number }[];
  readonly seal: SealEvidence | undefined;
  /** Lines that the registry has put aside: file (0 is the oldest) and byte offset. */
  readonly quarantine: readonly { readonly log: LogName; readonly ordinal: number; readonly position: number }[];
  /** The registry as it was kept, and as it is when built anew from the logs: a text for each row. */
  readonly kept: readonly string[];
  readonly rebuilt: readonly string[];
  /** `acts.log`: one line `INCIDENT CLAIM` for each time that a remedy ran. */
  readonly acts: string;
}

export type Kind =
  | 'lost'
  | 'doubled'
  | 'repeated'
  | 'damaged'
  | 'misnumbered'
  | 'unbound'
  | 'unsealed'
  | 'false note'
  | 'damaged tile'
  | 'position ahead'
  | 'foreign as own'
  | 'not adopted'
  | 'seal broken'
  | 'stale registry'
  | 'second act'
  | 'act without intent'
  | 'unclear failure'
  | 'recovery not idempotent'
  | 'acknowledged before synced'
  | 'vouched before synced'
  | 'sealed before synced'
  | 'broken';

/** One thing that must not be. */
export interface Violation {
  readonly kind: Kind;
  readonly what: string;
}

/** All checks that hold after recovery, whatever was broken, as long as no log was rotated away. */
export function violationsIn(evidence: Evidence): Violation[] {
  return [...wrongSeal(evidence, evidence.acks), ...unsealedRest(evidence), ...violationsBesideTheSeal(evidence)];
}

/** Those that say nothing of the seal. */
export function violationsBesideTheSeal(evidence: Evidence): Violation[] {
  return [
    ...lostOrDoubled(evidence),
    ...damagedLines(evidence),
    ...misnumberedEntries(evidence),
    ...wrongBindings(evidence),
    ...staleRegistry(evidence),
    ...wrongActs(evidence),
  ];
}

/** Every acknowledged record stands exactly once in either log, and none stands there twice. */
export function lostOrDoubled({ acks, logs }: Pick<Evidence, 'acks' | 'logs'>): Violation[] {
  const violations: Violation[] = [];
  const audit = linesOf(logs, 'audit').map(({ record }) => record);
  const foreign = foreignRanges(logs);
  const appended = (record: (typeof audit)[number]) => record?.action === 'fault_append' && record.resource;
  const bound = (record: (typeof audit)[number]) => record?.action === ACTION.incidentSnapshot && record.resource;
  const own = audit.filter((_, i) => !isIn(foreign, i));
  const found = {
    audit: tally(audit.map(appended)),
    incidents: tally(linesOf(logs, 'incidents').map(({ record }) => record?.incident_id)),
  };
  const inEffect = { audit: tally(own.map(appended)), incidents: tally(own.map(bound)) };
  for (const log of ['audit', 'incidents'] as const) {
    for (const name of acks.filter(isRecord)) {
      if (!found[log].has(name)) violations.push({ kind: 'lost', what: `${name} in ${log}` });
      else if (!inEffect[log].has(name)) violations.push({ kind: 'lost', what: `${name} in ${log}: without effect` });
    }
    for (const name of found.audit.keys()) {
      const [times = 0, there = 0] = [inEffect[log].get(name), found[log].get(name)];
      if (times > 1) violations.push({ kind: 'doubled', what: `${name}: ${times} times in ${log}` });
      else if (there > 1)
        violations.push({ kind: 'repeated', what: `${name}: ${there} times in ${log}, once in effect` });
    }
  }
  return violations;
}

/** Not a claim: those are two words. */
function isRecord(ack: string): boolean {
  return !ack.includes(' ');
}

function tally(names: readonly unknown[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) if (typeof name === 'string') counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** After recovery every line is ended, and every line that was not put aside is a record. */
export function damagedLines({ logs, quarantine }: Pick<Evidence, 'logs' | 'quarantine'>): Violation[] {
  const aside = new Set(quarantine.map(({ log, ordinal, position }) => `${log} ${ordinal} ${position}`));
  return [...linesOf(logs, 'incidents'), ...linesOf(logs, 'audit')].flatMap((line): Violation[] => {
    const { log, ordinal, offset } = line;
    const where = `${log}, file ${ordinal}, byte ${offset}`;
    if (!line.terminated) return [{ kind: 'damaged', what: `${where}: the line is not ended` }];
    if (line.record === undefined && !aside.has(`${log} ${ordinal} ${offset}`)) {
      return [{ kind: 'damaged', what: `${where}: no record, and not put aside` }];
    }
    return [];
  });
}

/** An entry's id names the line it stands on: two writers at once would give one number twice. */
export function misnumberedEntries({ logs }: Pick<Evidence, 'logs'>): Violation[] {
  return linesOf(logs, 'audit').flatMap(({ record }, i): Violation[] => {
    const id = record?.entry_id;
    if (typeof id !== 'string' || id.startsWith(`log_${i + 1}_`)) return [];
    return [{ kind: 'misnumbered', what: `${id} stands on line ${i + 1}` }];
  });
}

/** Each entry that vouches for an incident line points at that line's bytes. */
export function wrongBindings({ logs }: Pick<Evidence, 'logs'>): Violation[] {
  const [file = Buffer.alloc(0), ...more] = logs.incidents;
  // Offsets are within the file that was live at the time; over several files they say nothing by themselves.
  if (more.length > 0) return [];
  return linesOf(logs, 'audit').flatMap(({ record }): Violation[] => {
    if (record?.action !== ACTION.incidentSnapshot || !isJsonObject(record.metadata)) return [];
    const { offset, length, sha256 } = record.metadata;
    const bytes = file.subarray(Number(offset), Number(offset) + Number(length));
    if (createHash('sha256').update(bytes).digest('hex') === sha256) return [];
    return [{ kind: 'unbound', what: `${record.resource}: other bytes at ${offset}` }];
  });
}

/** What was kept step by step equals what the logs alone give. */
export function staleRegistry({ kept, rebuilt }: Pick<Evidence, 'kept' | 'rebuilt'>): Violation[] {
  const [was, is] = [new Set(kept), new Set(rebuilt)];
  const odd =
    (what: string) =>
    (row: string): Violation => ({ kind: 'stale registry', what: `${what}: ${row}` });
  return [
    ...kept.filter((row) => !is.has(row)).map(odd('kept only')),
    ...rebuilt.filter((row) => !was.has(row)).map(odd('rebuilt only')),
  ];
}

/** A remedy runs at most once for an incident, and not before its claim stands in the log. */
export function wrongActs({ acts, logs }: Pick<Evidence, 'acts' | 'logs'>): Violation[] {
  const claims = new Set(
    linesOf(logs, 'audit').map(({ record }) => record?.action === ACTION.remedyClaimed && record.entry_id),
  );
  const lines = acts.split('\n').filter((line) => line !== '');
  const violations: Violation[] = lines.flatMap((line) => {
    const claim = line.split(' ')[1] ?? '';
    return claims.has(claim) ? [] : [{ kind: 'act without intent', what: `${line}: no such claim in the log` }];
  });
  for (const [incident, times] of tally(lines.map((line) => line.split(' ')[0]))) {
    if (times > 1) violations.push({ kind: 'second act', what: `${incident}: ${times} acts` });
  }
  return violations;
}

/** How a program ended that was not killed: done, or an operator's error with code and hint; never a stack. */
export function unclearFailure(run: {
  readonly code: number | null;
  readonly signal: string | null;
  readonly said: readonly string[];
  readonly stderr: string;
  readonly hung: boolean;
}): Violation[] {
  const odd = (what: string): Violation[] => [{ kind: 'unclear failure', what }];
  if (run.hung) return odd('it hung');
  if (run.code === 0) return run.stderr === '' ? [] : odd(`it succeeded and said: ${run.stderr}`);
  const [, code = ''] = /^grace: error: .+ \[(GRACE_[A-Z_]+)\]\ngrace: hint: .+\n$/.exec(run.stderr) ?? [];
  // What one fault has done to a sealed log is not what somebody did who altered it.
  const broken = [run.stderr, ...run.said].find((text) => /GRACE_(SEAL_BROKEN|TILES_DAMAGED|NO_SEAL)/.test(text));
  if (broken !== undefined) return [{ kind: 'seal broken', what: broken }];
  if (code === '') return odd(`${run.code ?? run.signal}: ${run.stderr}`);
  return exitsOf(code).includes(run.code ?? -1) ? [] : odd(`${code} ended with ${run.code}`);
}

let table: ReadonlyMap<string, readonly number[]> | undefined;

/** The exit codes that go with an error code, as documented. */
function exitsOf(code: string): readonly number[] {
  table ??= new Map(
    readFileSync(new URL('../../docs/exit-codes.md', import.meta.url), 'utf8')
      .split('\n')
      .flatMap((line) => {
        const [, name = '', exits = ''] = /^\| `(GRACE_\w+)` \| ([\d, ]+) \|/.exec(line) ?? [];
        return name === '' ? [] : [[name, exits.split(', ').map(Number)] as const];
      }),
  );
  return table.get(code) ?? [];
}

/** `lost`, `doubled` and `unsealed` first: a summary names them even when they are 0. */
export function countKinds(violations: readonly Violation[]): string {
  const counts = new Map<Kind, number>([
    ['lost', 0],
    ['doubled', 0],
    ['unsealed', 0],
  ]);
  for (const { kind } of violations) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, n]) => `${n} ${kind}`).join(', ');
}

/** A handful of violations as a text for a failed expectation; nothing when there are none. */
export function showSome(violations: readonly Violation[]): string {
  return violations
    .slice(0, SHOWN)
    .map(({ kind, what }) => `${kind}: ${what.slice(0, 600)}`)
    .join('\n');
}
