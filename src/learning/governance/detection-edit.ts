import type { Proposal } from './proposal.js';

/** A setting of how a check detects, as grace.yaml has it today. */
export interface DetectionField {
  /** The kind of the check, in which it stands; `null`: beside it. */
  readonly section: string | null;
  readonly field: string;
  /** As it is spelled there. */
  readonly value: string;
}

/** One setting that a person is to write into grace.yaml, and what stands there today. */
export interface DetectionEdit extends DetectionField {
  readonly instead_of: string;
}

/**
 * What is to be written for a proposal on how a check detects: `3 of 5` of its `confirm`, or `used_below: 95%` of one of its
 * limits. `undefined` where what it starts from does not stand there any more.
 */
export function detectionEdit(
  { kind, from, to }: Pick<Proposal, 'kind' | 'from' | 'to'>,
  fields: readonly DetectionField[],
): DetectionEdit | undefined {
  const [before, after] = [fieldAndValue(kind, from), fieldAndValue(kind, to)];
  if (before === undefined || after === undefined || before.field !== after.field) return undefined;
  const now = fields.find(({ field, value }) => field === before.field && value === before.value);
  return now && { ...now, value: after.value, instead_of: before.value };
}

function fieldAndValue(kind: Proposal['kind'], setting: Proposal['from']) {
  if (typeof setting !== 'string') return undefined;
  if (kind === 'confirm') return { field: 'confirm', value: setting };
  const [, field, value] = /^([a-z_]+): (.+)$/s.exec(setting) ?? [];
  return field === undefined || value === undefined ? undefined : { field, value };
}
