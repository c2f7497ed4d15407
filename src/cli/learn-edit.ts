import { asYaml } from '../core/config/shown-value.js';
import { type DetectionField, detectionEdit } from '../learning/governance/detection-edit.js';
import type { Proposal } from '../learning/governance/proposal.js';
import { escapeText } from './output/escape.js';

/** What a person writes into grace.yaml to have it so; none for what is no matter of grace.yaml. */
export function linesToWrite(proposal: Proposal, detection: readonly DetectionField[]): string[] {
  const edit = detectionEdit(proposal, detection);
  if (edit === undefined) return [];
  const path = ['checks', asYaml(proposal.check), ...(edit.section === null ? [] : [edit.section])];
  const keys = path.map((key, depth) => `${'  '.repeat(depth)}${key}:`);
  const field = `${'  '.repeat(path.length)}${edit.field}: ${edit.value}   # instead of ${edit.instead_of}`;
  return [...keys, field].map(escapeText);
}
