import { isJsonObject } from '../../core/records/json.js';
import { idList, secondsBy, versionOrNull } from '../state/entry-fields.js';

/** The standing arms of a check, as its last `learning_arms` entry says them in `decision`. */
export interface StandingArms {
  readonly first: readonly string[];
  readonly incumbent: readonly string[];
  readonly candidate: readonly string[];
  /** Of the incumbent; `null`: the author's order. */
  readonly version: number | null;
  /** The share that is handled in the first order, 0–1. */
  readonly holdout: number;
  /** Learned waits by playbook, seconds. */
  readonly waits: Readonly<Record<string, number>>;
  /** The chance of each playbook when it is tried first. */
  readonly p: Readonly<Record<string, number>>;
}

/** What a `learning_arms` entry says in its decision; undefined where it cannot be served as it is. */
export function readArms(value: unknown): StandingArms | undefined {
  if (!isJsonObject(value)) return undefined;
  const [first, incumbent, candidate] = [value.first, value.incumbent, value.candidate].map(idList);
  const [version, waits, p] = [versionOrNull(value.version), secondsBy(value.waits), chancesBy(value.p)];
  const { holdout } = value;
  if (!first || !incumbent || !candidate || version === undefined || !waits || !p || !isShare(holdout))
    return undefined;
  const served = [incumbent, candidate].every((order) => order.length > 0 && order.every((id) => first.includes(id)));
  const waited = Object.values(waits).every((wait_s) => wait_s > 0);
  return served && waited ? { first, incumbent, candidate, version, holdout, waits, p } : undefined;
}

function chancesBy(value: unknown): Readonly<Record<string, number>> | undefined {
  if (!isJsonObject(value)) return undefined;
  const entries = Object.entries(value);
  return entries.every((one): one is [string, number] => isShare(one[1])) ? Object.fromEntries(entries) : undefined;
}

function isShare(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}
