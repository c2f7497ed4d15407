import { ACTION } from '../../core/records/audit-actions.js';
import { type AuditEntry, readAuditEntry } from '../../core/records/audit-entry.js';
import { isJsonObject, type JsonObject } from '../../core/records/json.js';
import { parseStrict } from '../../core/records/strict-json.js';
import { type ForeignRange, genuineRanges, type NamedRange, rangeNamedBy } from '../../core/registry/foreign-ranges.js';
import type { NamedLine } from '../../core/seal/hash-range.js';
import type { Adoption, KeyReplacement } from './facts.js';
import type { AdoptedPrefix } from './incident-check.js';

const NOTHING: AdoptedPrefix = {
  lines: 0,
  bytes: 0,
  sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
};

/** What the log says of itself: how it was sealed, by which keys, where its files begin, which of its lines are not ours. */
export class SaidOfItself {
  adoption: Adoption | undefined;
  adoptedIncidents: AdoptedPrefix = NOTHING;
  replacements: KeyReplacement[] = [];
  losses = 0;
  readonly #heard: { readonly line: number; readonly entry: AuditEntry }[] = [];
  readonly #named: NamedRange[] = [];
  #foreign: readonly ForeignRange[] = [];

  /** The index of a file's first line, as an entry in it says. */
  firstLineStated(named: readonly NamedLine[]): number | undefined {
    for (const { text } of named) {
      const entry = entryOf(text);
      const { first_line } = entry?.metadata ?? {};
      if (entry?.action === ACTION.logRotated && typeof first_line === 'number') return first_line - 1;
    }
    return undefined;
  }

  /** `first`: index of the line that the named ones are counted from. */
  hear(named: readonly NamedLine[], first: number): void {
    for (const { line, text } of named) {
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
