import type { ControlEntry } from '../../core/registry/queries/control.js';
import { type Change, isWhole, readChange, readNumber, textOr } from './change.js';

export type VersionKind = 'order' | 'drop' | 'wait' | 'rollback';

/** A learned change, as its `config_update` entry has it. */
export interface Version extends Change {
  /** `v7`. */
  readonly id: string;
  readonly number: number;
  readonly kind: VersionKind;
  /** What allowed it, and to whom. */
  readonly rule: string;
  readonly account: string;
  /** `p3`, if it was proposed and a person approved it. */
  readonly proposal: string | null;
  /** Of a rollback: `harm`, `surprises` or `person`. */
  readonly reason: string | null;
  readonly rolls_back: string | null;
  readonly hold: boolean;
  readonly entry: ControlEntry;
}

export function readVersion(entry: ControlEntry): Version | undefined {
  const { subject, decision } = entry;
  const number = readNumber('v', subject, decision.version);
  const change = readChange(decision);
  const { kind } = decision;
  if (number === undefined || change === undefined || !isVersionKind(kind)) return undefined;
  // A rollback is of an order or of a wait.
  const isWait = kind === 'wait' || (kind === 'rollback' && change.playbook !== null);
  if (!isWhole(isWait ? 'wait' : 'order', change)) return undefined;
  return {
    ...change,
    ...{ id: subject, number, kind, entry },
    ...{ rule: textOr(decision.rule) ?? '', account: textOr(decision.account) ?? entry.actor },
    ...{ proposal: textOr(decision.proposal), reason: textOr(decision.reason) },
    ...{ rolls_back: textOr(decision.rolls_back), hold: decision.hold === true },
  };
}

function isVersionKind(value: unknown): value is VersionKind {
  return value === 'order' || value === 'drop' || value === 'wait' || value === 'rollback';
}
