import { STEP_KINDS, type StepConfig, type StepSpecs } from '../../core/config/schema/playbook-schema.js';

export type StepKind = keyof StepSpecs;

/** Of a step the schema let pass, which does exactly one thing. */
export function kindOf(step: StepConfig): StepKind {
  const kind = STEP_KINDS.find((one) => step[one as StepKind] !== undefined);
  if (kind === undefined) throw new Error('a step that does nothing passed the schema');
  return kind as StepKind;
}
