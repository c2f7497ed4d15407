import { isJsonObject } from '../../core/records/json.js';
import { kept } from '../order/kept.js';

/** Ids of playbooks, each at most once. */
export function idList(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value) || !value.every((id) => typeof id === 'string' && id !== '')) return undefined;
  return new Set(value).size === value.length ? [...value] : undefined;
}

/** Seconds ≥ 0. */
export function seconds(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? kept(value) : undefined;
}

export function secondsBy(value: unknown): Readonly<Record<string, number>> | undefined {
  if (!isJsonObject(value)) return undefined;
  const entries = Object.entries(value).map(([id, one]) => [id, seconds(one)] as const);
  return entries.every((one): one is readonly [string, number] => one[1] !== undefined)
    ? Object.fromEntries(entries)
    : undefined;
}

/** The number of a version, from 1; at most 9 digits, as all numbers of the state. */
export function version(value: unknown): number | undefined {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) < 1e9 ? Number(value) : undefined;
}

export function versionOrNull(value: unknown): number | null | undefined {
  return value === null ? null : version(value);
}
