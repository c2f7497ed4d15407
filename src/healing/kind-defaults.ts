import { fieldOf } from '../core/config/field-path.js';
import type { CheckConfig } from '../core/config/schema/check-schema.js';
import { CHECK_KINDS } from '../core/config/schema/check-schema.js';
import type { GraceConfig } from '../core/config/schema/grace-schema.js';
import { defaultFailureMode, defaultTarget } from './checks/check-defaults.js';
import { describePlaybook } from './steps/describe-playbook.js';
import { verifyEvery_s } from './steps/make-playbook.js';

/** What holds where the file says nothing and the schema has no default of its own, spelled as in the file. */
export interface KindDefault {
  readonly value: string | boolean;
  /** What it depends on: a kind of check or step, or a setting. */
  readonly of: string;
}

/** By the field, as {@link fieldOf} has it. What the file says itself is among it, and counts for more. */
export function kindDefaults(config: GraceConfig): ReadonlyMap<string, KindDefault> {
  return new Map([...ofChecks(config), ...ofPlaybooks(config)]);
}

type Entry = readonly [field: string, KindDefault];

function ofChecks({ checks, mode }: GraceConfig): Entry[] {
  return Object.entries(checks).flatMap(([name, check]): Entry[] => {
    const of = CHECK_KINDS.find((kind) => check[kind as keyof CheckConfig] !== undefined) ?? '';
    return [
      [fieldOf(['checks', name, 'failure_mode']), { value: defaultFailureMode(check), of }],
      [fieldOf(['checks', name, 'target']), { value: defaultTarget(name, check), of }],
      [fieldOf(['checks', name, 'mode']), { value: mode, of: 'mode' }],
    ];
  });
}

function ofPlaybooks({ playbooks, checks }: GraceConfig): Entry[] {
  return Object.entries(playbooks).flatMap(([name, playbook]): Entry[] => {
    const described = describePlaybook(name, playbook);
    const steps = (['steps', 'rollback'] as const).flatMap((list) =>
      described[list].flatMap(({ kind, timeout_s, repeatable }, i): Entry[] => [
        [fieldOf(['playbooks', name, list, i, 'timeout']), { value: spelled(timeout_s), of: kind }],
        [fieldOf(['playbooks', name, list, i, 'repeatable']), { value: repeatable, of: kind }],
      ]),
    );
    const healed = Object.values(checks).filter(({ heal }) => heal.includes(name));
    const between = [...new Set(healed.map(({ every }) => spelled(verifyEvery_s(playbook, every))))];
    if (between.length === 0) return steps;
    const field = fieldOf(['playbooks', name, 'verify', 'every']);
    return [...steps, [field, { value: between.join(' or '), of: 'every' }]];
  });
}

function spelled(s: number): string {
  return Number.isInteger(s) ? `${s}s` : `${Math.round(s * 1e6) / 1000}ms`;
}
