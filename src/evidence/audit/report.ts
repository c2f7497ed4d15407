import type { Claim, Report, Verdict } from '../claim.js';
import { count, counted } from '../words.js';
import type { AuditFacts } from './facts.js';
import { type AuditVerdict, type IncidentVerdict, judgeIncidents, judgeSeal } from './verdict.js';

export interface AuditReport extends Report {
  readonly audit_verdict: AuditVerdict;
  readonly incident_verdict: IncidentVerdict;
  readonly origin: string | null;
  readonly signed_by: readonly string[];
  /** Lines of the tree in the newest note. */
  readonly sealed_lines: number;
  readonly root: string | null;
  readonly unsealed_lines: number;
  readonly adopted: { readonly lines: number; readonly bytes: number; readonly at: string } | null;
  readonly absent: readonly { readonly from: number; readonly to: number }[];
  readonly first_bad: {
    readonly line: number;
    readonly kind: string;
    readonly expected: string;
    readonly found: string;
    readonly file: string | null;
    readonly offset: number | null;
  } | null;
  readonly foreign_lines: number;
  readonly outside: AuditFacts['outside'];
  readonly last_witness: AuditFacts['lastWitness'] | null;
  readonly notes: AuditFacts['notes'] | null;
  readonly read_lines: number;
  readonly earlier_lines_read_at: string | null;
}

const OF_SEAL: Readonly<Record<AuditVerdict, Verdict>> = {
  'INTACT AND WITNESSED': 'PASS',
  "INTACT, THIS HOST'S WORD ONLY": 'PASS',
  TAMPERED: 'FAIL',
  TRUNCATED: 'FAIL',
  'CONTRADICTS A CHECKPOINT': 'FAIL',
  'WRONG KEY': 'FAIL',
  'NO SEAL': 'INCONCLUSIVE',
  'NO KEY': 'INCONCLUSIVE',
};

const OF_INCIDENTS: Readonly<Record<IncidentVerdict, Verdict>> = {
  BOUND: 'PASS',
  // A writer that was killed leaves one, too, and none has an effect.
  'INCIDENT UNBOUND': 'PARTIAL',
  'INCIDENT ALTERED': 'FAIL',
  'INCIDENT MISSING': 'FAIL',
};

/** 0 intact, 3 no seal or no key, 12 anything worse. */
export function auditExit({ claims }: Pick<AuditReport, 'claims'>): number {
  if (claims.some(({ verdict }) => verdict === 'FAIL')) return 12;
  return claims.some(({ verdict }) => verdict === 'INCONCLUSIVE') ? 3 : 0;
}

export function auditReport(facts: AuditFacts): AuditReport {
  const { seal, leaves, adoption, badPlace } = facts;
  const signed = seal.state === 'signed' ? seal : undefined;
  const claim = sealClaim(facts);
  return {
    schema: 'grace.evidence.audit/1',
    claims: seal.state === 'none' || hasNoIncidents(facts) ? [claim] : [claim, incidentClaim(facts)],
    empty: false,
    next: nextStep(facts),
    audit_verdict: judgeSeal(facts).verdict,
    incident_verdict: judgeIncidents(facts).verdict,
    origin: signed?.checkpoint.origin ?? null,
    signed_by: signed?.signers ?? [],
    sealed_lines: signed?.checkpoint.size ?? 0,
    root: signed?.checkpoint.root.toString('base64') ?? null,
    unsealed_lines: leaves?.unsealed ?? 0,
    adopted: adoption ? { lines: adoption.lines, bytes: adoption.bytes, at: adoption.at } : null,
    absent: leaves?.absent ?? [],
    first_bad: leaves?.firstBad
      ? {
          ...{ line: leaves.firstBad.line, kind: leaves.firstBad.kind },
          ...{ expected: leaves.firstBad.expected, found: leaves.firstBad.found },
          ...{ file: badPlace?.file ?? null, offset: badPlace?.offset ?? null },
        }
      : null,
    foreign_lines: facts.foreignLines,
    outside: facts.outside,
    last_witness: facts.lastWitness ?? null,
    notes: facts.notes ?? null,
    read_lines: facts.read,
    earlier_lines_read_at: facts.since ?? null,
  };
}

function sealClaim(facts: AuditFacts): Claim {
  const { seal, leaves } = facts;
  const { verdict, reasons } = judgeSeal(facts);
  const size = seal.state === 'signed' ? seal.checkpoint.size : 0;
  const extent =
    seal.state === 'wrong key'
      ? 'nothing could be verified'
      : `${counted(size, 'line')} sealed, ${count(leaves?.unsealed ?? 0)} not`;
  return {
    id: 'audit_log',
    verdict: OF_SEAL[verdict] === 'PASS' && facts.silentWitnesses.length > 0 ? 'INCONCLUSIVE' : OF_SEAL[verdict],
    headline: `AUDIT LOG ${verdict}: ${extent}`,
    n: size,
    numbers: {
      sealed_lines: size,
      unsealed_lines: leaves?.unsealed ?? 0,
      read_lines: facts.read,
      foreign_lines: facts.foreignLines,
      absent_lines: (leaves?.absent ?? []).reduce((sum, { from, to }) => sum + to - from + 1, 0),
    },
    excluded: [],
    reasons: [...reasons, ...silent(facts), ...said(facts), ...whatNow(verdict)],
  };
}

function checkedNotes({ unchecked }: NonNullable<AuditFacts['notes']>): string {
  return unchecked === 0 ? 'and each checked' : `${count(unchecked)} of them not checked: hashes are missing`;
}

/** Witnesses whose keys were given, and who signed none of the checkpoints. */
function silent({ silentWitnesses }: AuditFacts): string[] {
  return silentWitnesses.map((name) => `no checkpoint here is signed by ${name}, whose key was given`);
}

function whatNow(verdict: AuditVerdict): string[] {
  if (verdict === 'WRONG KEY')
    return ["if the key that was given is another log's, name the right one; else as for a log that was changed"];
  return OF_SEAL[verdict] === 'FAIL' ? [KEEP_IT] : [];
}

/** It is said of incident lines, too. */
const KEEP_IT =
  'what now: copy the directory as it is, it is evidence (cp -a); put back what was changed; if there is nothing to put back, move it away, and the next record begins a new log';

/** What is said whatever the verdict is. */
function said(facts: AuditFacts): string[] {
  const { seal, leaves, adoption, lastWitness } = facts;
  if (seal.state !== 'signed') return [];
  const lines: string[] = [];
  if (facts.since !== undefined) {
    lines.push(`${counted(facts.read, 'line')} read now; those before were last read as a whole at ${facts.since}`);
  }
  if (adoption && adoption.lines > 0) {
    lines.push(
      `lines 1 to ${count(adoption.lines)} are sealed since ${adoption.at}; before that they were unprotected`,
    );
  } else if (adoption) lines.push(`sealed from its first line on, since ${adoption.at}`);
  if (adoption && adoption.replaces !== null)
    lines.push(`a former seal, as ${adoption.replaces}, was lost; this one is another`);
  for (const { line, at, isBreak } of facts.replacements) {
    lines.push(`line ${line} names another key, ${at}${isBreak ? ': the former one was gone and did not agree' : ''}`);
  }
  for (const { from, to } of leaves?.absent ?? []) {
    lines.push(`lines ${count(from)} to ${count(to)} are absent, covered by their hashes: their file is gone`);
  }
  if (leaves?.firstBad && judgeSeal(facts).verdict !== 'TAMPERED') {
    lines.push(`the remembered hash of line ${leaves.firstBad.line} is damaged; the log itself gives the signed root`);
  }
  const unsealed = leaves?.unsealed ?? 0;
  if (unsealed > 0)
    lines.push(
      `${counted(unsealed, 'line')} at the end: being written, or another program's; the next record seals them`,
    );
  if (facts.foreignLines > 0) {
    lines.push(
      `${counted(facts.foreignLines, 'line')} of other programs, or never acknowledged, are sealed and have no effect`,
    );
  }
  if (facts.statedLosses > 0)
    lines.push(`the log itself states ${counted(facts.statedLosses, 'loss', 'losses')} of bytes`);
  if (facts.notes) lines.push(`${counted(facts.notes.notes, 'note')} signed, ${checkedNotes(facts.notes)}`);
  if (facts.notes && facts.notes.stray_bytes > 0)
    lines.push(
      `${counted(facts.notes.stray_bytes, 'byte')} among the notes in no whole one: a crash cut it short, or somebody changed it`,
    );
  lines.push(
    lastWitness
      ? `last outside witness, by what stands beside the log: ${lastWitness.name}, ${counted(lastWitness.size, 'line')} at ${lastWitness.at}`
      : 'last outside witness: none stands beside the log',
  );
  return lines;
}

/** Of no line nothing can be found unchanged. */
function hasNoIncidents(facts: AuditFacts): boolean {
  const { bound = 0, unbound = 0, foreign = 0, adopted } = facts.incidents ?? {};
  return judgeIncidents(facts).verdict === 'BOUND' && bound + unbound + foreign + (adopted?.lines ?? 0) === 0;
}

function incidentClaim(facts: AuditFacts): Claim {
  const { verdict, reasons } = judgeIncidents(facts);
  const { bound = 0, altered = 0, missing = 0, unbound = 0, foreign = 0, adopted } = facts.incidents ?? {};
  const total = bound + altered + missing;
  const words = verdict === 'BOUND' || verdict === 'INCIDENT UNBOUND' ? 'INCIDENT LINES ARE WHAT WAS SEALED' : verdict;
  return {
    id: 'incident_lines',
    verdict: OF_INCIDENTS[verdict],
    headline: `${words}: ${count(bound)} of ${counted(total, 'bound line')} found unchanged`,
    n: total,
    numbers: { bound, altered, missing, unbound, foreign, adopted: adopted?.lines ?? 0 },
    excluded: [],
    reasons: [...reasons, ...(OF_INCIDENTS[verdict] === 'FAIL' ? [KEEP_IT] : [])],
  };
}

function nextStep(facts: AuditFacts): Report['next'] {
  const { verdict } = judgeSeal(facts);
  if (OF_SEAL[verdict] === 'INCONCLUSIVE') return { argv: ['doctor'], why: 'what ends that' };
  if (OF_SEAL[verdict] === 'FAIL' || OF_INCIDENTS[judgeIncidents(facts).verdict] === 'FAIL') return null;
  if (facts.outside.length > 0) return null;
  return {
    argv: ['evidence', 'checkpoint'],
    why: 'keep these lines elsewhere; a log that is rolled back together with its seal contradicts them',
  };
}
