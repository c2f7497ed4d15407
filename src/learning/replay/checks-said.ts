import { isJsonObject, type Json, type JsonObject } from '../../core/records/json.js';
import { own } from '../order/tally.js';
import { newCheckState } from '../state/check-state.js';
import type { CheckState, LearnState } from '../state/learn-state.js';
import type { LearnableCheck, LearnablePlaybook, Risk } from '../tick/facts.js';

const RISKS: readonly Risk[] = ['low', 'medium', 'high'];

/** The playbooks of a check as an entry's metadata have them; `undefined` where they are not all there. */
export function readPlaybooks(value: Json | undefined): readonly LearnablePlaybook[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const playbooks = value.flatMap((one) => (isJsonObject(one) ? (readPlaybook(one) ?? []) : []));
  const ids = new Set(playbooks.map(({ id }) => id));
  return playbooks.length === value.length && ids.size === value.length ? playbooks : undefined;
}

function readPlaybook({ id, declared_s, risk, may_randomise, within_s, bounds }: JsonObject) {
  const known = RISKS.find((one) => one === risk);
  if (typeof id !== 'string' || known === undefined || typeof may_randomise !== 'boolean') return undefined;
  if (typeof declared_s !== 'number' || typeof within_s !== 'number') return undefined;
  const read = readBounds(bounds);
  if (read === undefined) return undefined;
  return { id, declared_s, risk: known, may_randomise, within_s, bounds: read } satisfies LearnablePlaybook;
}

function readBounds(value: Json | undefined): LearnablePlaybook['bounds'] | undefined {
  if (value === null) return null;
  if (!isJsonObject(value)) return undefined;
  const { least_s, most_s } = value;
  return typeof least_s === 'number' && typeof most_s === 'number' ? { least_s, most_s } : undefined;
}

/** A check as an entry has it, with where its incidents are filed. */
export function checkSaid(name: string, { target, mode, playbooks }: JsonObject): LearnableCheck | undefined {
  const read = readPlaybooks(playbooks);
  if (read === undefined || typeof target !== 'string' || typeof mode !== 'string') return undefined;
  return { name, target, mode, learn: true, playbooks: read };
}

/** What held for a check when an entry about it was written: as in grace.yaml where nothing was known. */
export function standing({ name, playbooks }: LearnableCheck, state: LearnState): CheckState {
  const known = own(state.checks, name);
  if (known !== undefined && known.first.length > 0) return known;
  const { first, incumbent, candidate, version, ...rest } = newCheckState(playbooks.map(({ id }) => id));
  return { ...rest, ...known, first, incumbent, candidate, version };
}
