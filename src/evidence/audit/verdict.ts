import { counted, named } from '../words.js';
import type { AuditFacts } from './facts.js';
import { judgeKeys } from './key-chain.js';

/** What a verification comes to. Each has its own words; docs/claims.md tells them apart. */
export type AuditVerdict =
  | 'INTACT AND WITNESSED'
  | "INTACT, THIS HOST'S WORD ONLY"
  | 'TAMPERED'
  | 'TRUNCATED'
  | 'CONTRADICTS A CHECKPOINT'
  | 'NO SEAL'
  | 'WRONG KEY'
  | 'NO KEY';

export type IncidentVerdict = 'BOUND' | 'INCIDENT ALTERED' | 'INCIDENT MISSING' | 'INCIDENT UNBOUND';

export interface Judged<V> {
  readonly verdict: V;
  /** Sentences; may hold data. */
  readonly reasons: readonly string[];
}

export function judgeSeal(facts: AuditFacts): Judged<AuditVerdict> {
  const { seal, leaves, adoption, outside, notes } = facts;
  if (seal.state === 'none') return { verdict: 'NO SEAL', reasons: noSeal(facts, seal.why) };
  if (seal.state === 'wrong key') return { verdict: 'WRONG KEY', reasons: [seal.why] };
  const { checkpoint } = seal;
  const difference = judgeLines(facts, checkpoint.size, checkpoint.root);
  // A single line that is another may be the very one that says as what the log was sealed.
  const isOther = adoption !== undefined && adoption.origin !== checkpoint.origin && leaves?.firstBad?.among !== 1;
  if (isOther) {
    const why = `line ${adoption.line} says that the log was sealed as ${adoption.origin}, the notes are those of ${checkpoint.origin}`;
    return { verdict: 'WRONG KEY', reasons: [why] };
  }
  if (difference) return difference;
  if (facts.notesLost !== undefined) {
    const why = `a note of ${counted(facts.notesLost, 'line')} was signed, and the newest that is left covers ${checkpoint.size}`;
    return { verdict: 'TAMPERED', reasons: [why] };
  }
  const strange = judgeKeys(facts);
  if (strange) return { verdict: 'WRONG KEY', reasons: [strange] };
  if (notes && notes.bad > 0) {
    const why = `${notes.bad} of ${notes.notes} notes that were signed do not fit the log; the first: ${notes.first_bad}`;
    return { verdict: 'TAMPERED', reasons: [why] };
  }
  const against = outside.filter(({ verdict }) => verdict !== 'consistent');
  if (against.length > 0) {
    const verdict = against.some((one) => one.verdict === 'contradicts') ? 'CONTRADICTS A CHECKPOINT' : 'WRONG KEY';
    return { verdict, reasons: against.map(({ source, why }) => `${source}: ${why}`) };
  }
  if (facts.keyGone) {
    const n = leaves?.unsealed ?? 0;
    return {
      verdict: 'NO KEY',
      reasons: [
        `${counted(n, 'line')} ${named(n, 'is', 'are')} covered by no note, and the key that would sign is not there`,
      ],
    };
  }
  const witnessed = Math.max(-1, ...outside.map(({ size }) => size));
  if (witnessed < 0) return { verdict: "INTACT, THIS HOST'S WORD ONLY", reasons: [] };
  const since = checkpoint.size - witnessed;
  const rest = since > 0 ? [`the ${counted(since, 'line')} since that checkpoint: this host's word only`] : [];
  return {
    verdict: 'INTACT AND WITNESSED',
    reasons: [`the log begins with the ${counted(witnessed, 'line')} of a checkpoint ${whoKept(facts)}`, ...rest],
  };
}

function whoKept({ outside }: AuditFacts): string {
  const names = outside.flatMap(({ witnesses }) => witnesses.map(({ name, at }) => `${name} (${at})`));
  return names.length > 0 ? `that was witnessed by ${names.join(', ')}` : 'that was kept elsewhere';
}

function noSeal({ adoption }: AuditFacts, why: string): string[] {
  if (!adoption) return [why, 'this log was never sealed'];
  return [why, `line ${adoption.line} says that it was sealed at ${adoption.at}: what sealed it was taken away`];
}

function judgeLines(facts: AuditFacts, size: number, root: Buffer): Judged<AuditVerdict> | undefined {
  const { leaves, badPlace } = facts;
  if (!leaves) return undefined;
  if (facts.unstated) {
    const { from, to } = facts.unstated;
    const why = `lines ${from} to ${to} are not there, and no entry of grace's own says that their file was put away`;
    return { verdict: 'TAMPERED', reasons: [why] };
  }
  const { reached } = leaves;
  if (reached === size && leaves.root.equals(root)) return undefined;
  const { firstBad } = leaves;
  if (firstBad) {
    const { line, kind, expected, found } = firstBad;
    const where = badPlace ? `, ${badPlace.file} byte ${badPlace.offset}` : '';
    return {
      verdict: 'TAMPERED',
      reasons: [
        `the first bad line is line ${line}${where}: ${KIND[kind]}`,
        `leaf expected ${expected}, found ${found}`,
      ],
    };
  }
  if (reached < size) {
    return {
      verdict: 'TRUNCATED',
      reasons: [
        `${counted(size, 'line')} ${named(size, 'was', 'were')} sealed, ${reached} ${named(reached, 'is', 'are')} there: the last ${counted(size - reached, 'line')} gone`,
      ],
    };
  }
  return {
    verdict: 'TAMPERED',
    reasons: [
      `the root of the first ${counted(size, 'line')} is not the one that was signed`,
      leaves.unremembered > 0
        ? 'which line it is cannot be told: the hashes that would tell are not there'
        : 'which line it is cannot be told: the hashes beside the log were changed with it',
    ],
  };
}

const KIND = {
  edited: 'it is not what was sealed',
  dropped: 'the line that was sealed here is gone',
  inserted: 'a line stands here that was not sealed',
  swapped: 'it has changed places with the next',
} as const;

export function judgeIncidents({ incidents, seal }: AuditFacts): Judged<IncidentVerdict> {
  if (!incidents || seal.state === 'none') return { verdict: 'BOUND', reasons: [] };
  const { altered, missing, firstBad, unbound, foreign, adopted } = incidents;
  const first = firstBad
    ? [
        `the first: line ${firstBad.line} of the audit log vouches for ${firstBad.incident_id}, byte ${firstBad.offset}, ${firstBad.length} bytes, SHA-256 ${firstBad.sha256}`,
      ]
    : [];
  const others = [
    ...(unbound > 0
      ? [`INCIDENT UNBOUND: ${counted(unbound, 'line')} in grace's form that nobody vouches for, without effect`]
      : []),
    ...(foreign > 0
      ? [`${counted(foreign, 'line')} of other programs since the log was sealed, which count as unverified reports`]
      : []),
  ];
  if (altered > 0)
    return {
      verdict: 'INCIDENT ALTERED',
      reasons: [
        `${counted(altered, 'line')} ${named(altered, 'is', 'are')} not what the audit log vouches for`,
        ...first,
        ...others,
      ],
    };
  if (!adopted.intact)
    return {
      verdict: 'INCIDENT ALTERED',
      reasons: [
        `what stood there when the log was sealed, ${counted(adopted.lines, 'line')}, is not what it was`,
        ...others,
      ],
    };
  if (missing > 0)
    return {
      verdict: 'INCIDENT MISSING',
      reasons: [
        `${counted(missing, 'line')} that the audit log vouches for ${named(missing, 'is', 'are')} not there`,
        ...first,
        ...others,
      ],
    };
  return { verdict: unbound > 0 ? 'INCIDENT UNBOUND' : 'BOUND', reasons: others };
}
