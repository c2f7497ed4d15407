import { isJsonObject, type Json, type JsonObject } from '../../core/records/json.js';

/** One playbook at its place in the new order: the numbers by which it got it. Seconds; `null` where none was written. */
export interface PlaybookNumbers {
  readonly id: string;
  /** Observations, successes and failures, discounted. */
  readonly n: number | null;
  readonly s: number | null;
  readonly f: number | null;
  /** The chance that it works, those before it having failed, and the 90 % interval of that. */
  readonly p: number | null;
  readonly p_low: number | null;
  readonly p_high: number | null;
  /** When it works, when it fails, and on the whole. */
  readonly a_s: number | null;
  readonly b_s: number | null;
  readonly cost_s: number | null;
  /** p ÷ cost. */
  readonly index: number | null;
}

/** Of a change of order. */
export interface OrderBehind {
  readonly kind: 'order';
  readonly playbooks: readonly PlaybookNumbers[];
  /** Expected seconds to recovery with the new order, and with the one before it. */
  readonly candidate_s: number | null;
  readonly incumbent_s: number | null;
  /** The share of draws in which the new one recovers sooner. */
  readonly better: number | null;
  /** Since the order last changed. */
  readonly incidents: number | null;
  readonly person_s: number | null;
}

/** Of a change of a wait. */
export interface WaitBehind {
  readonly kind: 'wait';
  readonly observed: number | null;
  readonly given_up: number | null;
  /** The best wait by the curve, what it is expected to cost, and what is given up for. */
  readonly best_s: number | null;
  readonly best_cost_s: number | null;
  readonly next_step_s: number | null;
  readonly wait_s: number | null;
}

/** Of anything else, as it was written: names and numbers. */
export interface OtherBehind {
  readonly kind: 'other';
  readonly figures: readonly (readonly [name: string, value: number | string])[];
}

export type NumbersBehind = OrderBehind | WaitBehind | OtherBehind;

/** The numbers of a change, as `metadata.numbers` of its entry has them. */
export function numbersBehind({ numbers }: JsonObject): NumbersBehind {
  if (!isJsonObject(numbers)) return { kind: 'other', figures: [] };
  const { playbooks } = numbers;
  const of = (name: string) => numberOr(numbers[name]);
  if (Array.isArray(playbooks)) {
    return {
      kind: 'order',
      playbooks: playbooks.flatMap(playbookNumbers),
      ...{ candidate_s: of('candidate_s'), incumbent_s: of('incumbent_s'), better: of('better') },
      ...{ incidents: of('incidents'), person_s: of('person_s') },
    };
  }
  if (of('observed') !== null) {
    return {
      kind: 'wait',
      ...{ observed: of('observed'), given_up: of('given_up'), best_s: of('best_s') },
      ...{ best_cost_s: of('best_cost_s'), next_step_s: of('next_step_s'), wait_s: of('wait_s') },
    };
  }
  const figures = Object.entries(numbers).flatMap(([name, value]) =>
    typeof value === 'number' || typeof value === 'string' ? [[name, value] as const] : [],
  );
  return { kind: 'other', figures };
}

function playbookNumbers(value: Json): PlaybookNumbers[] {
  if (!isJsonObject(value) || typeof value.id !== 'string') return [];
  const of = (name: string) => numberOr(value[name]);
  return [
    {
      id: value.id,
      ...{ n: of('n'), s: of('s'), f: of('f') },
      ...{ p: of('p'), p_low: of('p_low'), p_high: of('p_high') },
      ...{ a_s: of('a_s'), b_s: of('b_s'), cost_s: of('cost_s'), index: of('index') },
    },
  ];
}

function numberOr(value: Json | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
