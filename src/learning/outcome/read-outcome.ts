import { count, firstOf, oneOf, text, textList, wrong } from '../../core/records/fields.js';
import { isJsonObject, type JsonObject } from '../../core/records/json.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import type { LeftOut, Outcome } from './outcome.js';
import { isHoldoutShare, isShare } from './shares.js';

const LEFT_OUT: readonly LeftOut[] = ['person_first', 'unknown_attempt', 'config_changed', 'no_arm', 'incomplete'];

/** No two dates that a record may have are further apart; and sums of it stay finite. */
const LONGEST_S = 1e12;

/** What an `outcome_learned` entry says; undefined where it is not all there. Fields it does not know it passes over. */
export function readOutcome({ decision, metadata }: Pick<ControlEntry, 'decision' | 'metadata'>): Outcome | undefined {
  const { counts, left_out } = decision;
  const v: JsonObject = { ...metadata, counts: counts ?? null, left_out: left_out ?? null };
  if (problemOf(v) !== undefined) return undefined;
  const { opening, check, target, mode, arm, order, holdout, holdout_share, differs, predicted } = v;
  const { tried, waits, recovered_s, relapsed, escalated, unknown } = v;
  const read = {
    ...{ opening, check, target, mode, arm, order, holdout, holdout_share, differs, predicted },
    ...{ tried: listOf(tried, triedOf), waits: listOf(waits, waitOf) },
    ...{ recovered_s, relapsed, escalated, unknown, counts: countsOf(v.counts), left_out: v.left_out },
  };
  return read as unknown as Outcome;
}

function problemOf(v: JsonObject): string | undefined {
  return (
    text(v, 'opening') ??
    firstOf(['check', 'target', 'mode'], (field) => string(v, field)) ??
    (v.arm === null ? undefined : string(v, 'arm')) ??
    textList(v, 'order') ??
    firstOf(['holdout', 'differs', 'relapsed', 'escalated'], (field) => truth(v, field)) ??
    (isHoldoutShare(v.holdout_share) ? undefined : wrong(v, 'holdout_share', 'a share')) ??
    (v.predicted === null || isShare(v.predicted) ? undefined : wrong(v, 'predicted', '0 to 1')) ??
    list(v, 'tried', (one) => text(one, 'playbook') ?? truth(one, 'worked') ?? seconds(one, 'seconds')) ??
    list(v, 'waits', (one) => text(one, 'playbook') ?? truth(one, 'healthy') ?? seconds(one, 'seconds')) ??
    (v.recovered_s === null ? undefined : seconds(v, 'recovered_s')) ??
    count(v, 'unknown') ??
    (isJsonObject(v.counts) ? countsProblem(v.counts) : wrong(v, 'counts', 'an object')) ??
    textList(v, 'left_out') ??
    firstOf(v.left_out as string[], (word) => oneOf({ word }, 'word', LEFT_OUT))
  );
}

function countsProblem(counts: JsonObject): string | undefined {
  return firstOf(['order', 'waits', 'effect'], (field) => truth(counts, field));
}

function listOf(value: unknown, of: (one: JsonObject) => JsonObject): JsonObject[] {
  return (value as JsonObject[]).map(of);
}

const triedOf = ({ playbook, worked, seconds }: JsonObject) => ({ playbook, worked, seconds }) as JsonObject;
const waitOf = ({ playbook, seconds, healthy }: JsonObject) => ({ playbook, seconds, healthy }) as JsonObject;
const countsOf = (counts: unknown) => {
  const { order, waits, effect } = counts as JsonObject;
  return { order, waits, effect };
};

function list(v: JsonObject, field: string, problem: (one: JsonObject) => string | undefined): string | undefined {
  const value = v[field];
  if (!Array.isArray(value)) return wrong(v, field, 'a list');
  return firstOf(value, (one) => (isJsonObject(one) ? problem(one) : wrong(v, field, 'a list of objects')));
}

function string(v: JsonObject, field: string): string | undefined {
  return typeof v[field] === 'string' ? undefined : wrong(v, field, 'a text');
}

function truth(v: JsonObject, field: string): string | undefined {
  return typeof v[field] === 'boolean' ? undefined : wrong(v, field, 'true or false');
}

function seconds(v: JsonObject, field: string): string | undefined {
  const value = v[field];
  return typeof value === 'number' && value >= 0 && value <= LONGEST_S ? undefined : wrong(v, field, 'seconds');
}
