import { isJsonObject, type Json, type JsonObject } from '../../core/records/json.js';

/** What a change is from or to: playbooks in their order, a wait in seconds, or a text as grace.yaml spells it. */
export type Setting = readonly string[] | number | string;

/** `confirm` and `threshold` are for a person to write into grace.yaml; all others are a version once they are allowed. */
export const NEEDS = {
  order: 'reorder',
  drop: 'reorder',
  wait: 'wait',
  confirm: 'threshold',
  threshold: 'threshold',
} as const;

export type ProposedKind = keyof typeof NEEDS;

/** The grant of a person who decides it. */
export type NeededGrant = (typeof NEEDS)[ProposedKind];

/** What one change is about. */
export interface Change {
  readonly check: string;
  /** Whose wait it is; `null`: it is not about a wait. */
  readonly playbook: string | null;
  readonly from: Setting;
  readonly to: Setting;
}

export function isProposedKind(value: unknown): value is ProposedKind {
  return typeof value === 'string' && Object.hasOwn(NEEDS, value);
}

/** The part of an entry's decision that says what is changed; `undefined` where it does not say it. */
export function readChange(decision: JsonObject): Change | undefined {
  const { check, playbook = null, from, to } = decision;
  if (typeof check !== 'string' || !(playbook === null || typeof playbook === 'string')) return undefined;
  const [before, after] = [readSetting(from), readSetting(to)];
  if (before === undefined || after === undefined) return undefined;
  return { check, playbook, from: before, to: after };
}

/** The same as an entry has it. */
export function changeAsWritten({ check, playbook, from, to }: Change): JsonObject {
  return { check, ...(playbook === null ? {} : { playbook }), from: asJson(from), to: asJson(to) };
}

export function isOrder(setting: Setting): setting is readonly string[] {
  return Array.isArray(setting);
}

export function isSameSetting(one: Setting, other: Setting): boolean {
  if (!isOrder(one) || !isOrder(other)) return one === other;
  return one.length === other.length && one.every((id, place) => id === other[place]);
}

/** Fits what it is about: an order is a list without repetitions, a wait has a playbook and is a length of time. */
export function isWhole(kind: 'order' | 'wait' | 'text', { playbook, from, to }: Change): boolean {
  const fits = (setting: Setting) => {
    if (kind === 'order') return isOrder(setting) && setting.length > 0 && new Set(setting).size === setting.length;
    if (kind === 'wait') return typeof setting === 'number' && setting > 0;
    return typeof setting === 'string';
  };
  return (kind === 'wait') === (playbook !== null) && fits(from) && fits(to);
}

export function asJson(setting: Setting): Json {
  return isOrder(setting) ? [...setting] : setting;
}

function readSetting(value: Json | undefined): Setting | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return Array.isArray(value) && value.every((id) => typeof id === 'string') ? (value as string[]) : undefined;
}

/** A number from 1 of an id such as `v7` or `p3`, if the entry's decision has the same one. */
export function readNumber(prefix: 'v' | 'p', subject: string, value: Json | undefined): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 1 && subject === `${prefix}${value}`
    ? Number(value)
    : undefined;
}

export function textOr(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

export function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
