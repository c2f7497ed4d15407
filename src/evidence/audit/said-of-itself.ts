import { ACTION } from '../../core/records/audit-actions.js';
import { type AuditEntry, readAuditEntry } from '../../core/records/audit-entry.js';
import { isJsonObject, type JsonObject } from '../../core/records/json.js';
import { parseStrict } from '../../core/records/strict-json.js';
import { type ForeignRange, genuineRanges, type NamedRange, rangeNamedBy } from '../../core/registry/foreign-ranges.js';
import type { NamedLine } from '../../core/seal/hash-range.js';
import type { Adoption, KeyReplacement } from './facts.js';
import type { AdoptedPrefix } from './incident-check.js';
import type { AbsentLines } from './leaf-check.js';

const NOTHING: AdoptedPrefix = {
  lines: 0,
  bytes: 0,
  sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
};

/** What an earlier verification has heard. */
export interface SaidBefore {
  readonly adoption: Adoption | undefined;
  readonly replacements: readonly KeyReplacement[];
}

/** Where a file begins, and the index of the entry that says so. */
export interface StatedFirst {
  readonly first: number;
  readonly line: number;
}

/** What the log says of itself: how it was sealed, by which keys, where its files begin, which of its lines are not ours. */
export class SaidOfItself {
  adoption: Adoption | undefined;
  adoptedIncidents: AdoptedPrefix = NOTHING;
  replacements: KeyReplacement[];
  losses = 0;
  readonly #heard: { readonly line: number; readonly entry: AuditEntry }[] = [];
  readonly #named: NamedRange[] = [];
  #foreign: readonly ForeignRange[] = [];
  readonly #believed: { readonly line: number; readonly absent: AbsentLines }[] = [];

  constructor(before?: SaidBefore) {
    this.adoption = before?.adoption;
    this.replacements = [...(before?.replacements ?? [])];
  }

  /** The index of a file's first line, as a sealed entry in it says whose own number fits. */
  firstLineStated(named: readonly NamedLine[], sealed: number): StatedFirst | undefined {
    for (const { line, text } of named) {
      const entry = entryOf(text);
      const { first_line } = entry?.metadata ?? {};
      if (entry?.actor !== 'grace' || entry.action !== ACTION.logRotated || typeof first_line !== 'number') continue;
      const stated = { first: first_line - 1, line: first_line - 1 + line };
      if (stated.line < sealed && entry.entry_id.startsWith(`log_${stated.line + 1}_`)) return stated;
    }
    return undefined;
  }

  /** Lines are taken to be absent by such an entry; whether it is ours shows at the end. */
  believe(stated: StatedFirst | undefined, absent: AbsentLines | undefined): void {
    if (stated && absent) this.#believed.push({ line: stated.line, absent });
  }

  /** Absent lines of which only another program says that their file was put away. */
  get unstated(): AbsentLines | undefined {
    return this.#believed.find(({ line }) => !this.isOurs(line))?.absent;
  }

  /** `first`: index of the line that the named ones are counted from. What no note covers anybody may have written. */
  hear(named: readonly NamedLine[], first: number, sealed: number): void {
    for (const { line, text } of named) {
      if (first + line >= sealed) return;
      const entry = entryOf(text);
      if (entry?.actor !== 'grace') continue;
      const range = rangeNamedBy(Buffer.from(text), first + line);
      if (range) this.#named.push(range);
      else this.#heard.push({ line: first + line, entry });
    }
  }

  /** Once everything was heard: what other programs said in grace's name is left out. */
  sort(): void {
    this.#foreign = genuineRanges(this.#named);
    for (const { line, entry } of this.#heard) {
      if (!this.isOurs(line)) continue;
      if (entry.action === ACTION.logAdopted) this.#adopted(entry, line);
      else if (entry.action === ACTION.keyReplaced) this.#keyReplaced(entry, line);
      else if (entry.action === ACTION.logLossNoted) this.losses++;
    }
  }

  isOurs(line: number): boolean {
    return !this.#foreign.some(({ from, to }) => line >= from && line < to);
  }

  get foreignLines(): number {
    return this.#foreign.reduce((sum, { from, to }) => sum + to - from, 0);
  }

  /** The last one that stands where it says, after as many lines as it counts: a lost seal is made anew. */
  #adopted({ timestamp, metadata }: AuditEntry, line: number): void {
    const { origin, vkey, replaces = null, lines, bytes, incidents } = metadata;
    if (lines !== line || typeof origin !== 'string' || typeof vkey !== 'string' || typeof bytes !== 'number') return;
    if (replaces !== null && typeof replaces !== 'string') return;
    this.adoption = { line: line + 1, at: timestamp, origin, lines, bytes, vkey, replaces };
    this.adoptedIncidents = isJsonObject(incidents) && isPrefix(incidents) ? incidents : NOTHING;
    this.replacements = [];
  }

  #keyReplaced({ timestamp, decision, metadata }: AuditEntry, line: number): void {
    const { old, new: next } = metadata;
    if (typeof next !== 'string') return;
    const before = typeof old === 'string' ? old : null;
    this.replacements.push({
      ...{ line: line + 1, at: timestamp, old: before, new: next },
      isBreak: decision.old_key !== 'present',
    });
  }
}

function isPrefix(value: JsonObject): value is JsonObject & AdoptedPrefix {
  return typeof value.lines === 'number' && typeof value.bytes === 'number' && typeof value.sha256 === 'string';
}

function entryOf(text: string): AuditEntry | undefined {
  const parsed = parseStrict(Buffer.from(text));
  const read = parsed.ok ? readAuditEntry(parsed.value) : parsed;
  return read.ok ? read.record : undefined;
}
