import { EXIT, OperatorError } from '../core/errors.js';
import { ACTION } from '../core/records/audit-actions.js';
import { BRAKE } from '../healing/engine/situation.js';
import type { Context } from './context.js';
import { asPerson, noteOption, type PersonalOptions } from './heal-person.js';
import { nextCommand } from './next-command.js';
import { rightsOf, rightsToStop } from './person.js';

export async function runHealBrake(
  ctx: Context,
  state: string,
  options: PersonalOptions & { readonly reason?: string },
): Promise<number> {
  if (state !== 'on' && state !== 'off') {
    throw new OperatorError('GRACE_USAGE', EXIT.usage, `${state || "''"} is neither on nor off`, {
      hint: `${nextCommand(['heal', 'brake', 'on'], options)}   # or off`,
    });
  }
  const reason = noteOption('--reason', options.reason) ?? '';
  const rights = await (state === 'on' ? rightsToStop : rightsOf)(ctx, options);
  return asPerson(ctx, options, { rights, grant: 'brake', subject: BRAKE }, (person, rule) => (view) => {
    const set = view.lastControl(ACTION.brakeSet, BRAKE);
    const isOn = set !== undefined && set.line > (view.lastControl(ACTION.brakeReleased, BRAKE)?.line ?? 0);
    if (isOn === (state === 'on')) return { value: `the brake is ${state} already` };
    return {
      entries: [
        {
          actor: person.account,
          action: state === 'on' ? ACTION.brakeSet : ACTION.brakeReleased,
          resource: BRAKE,
          decision: { reason, rule },
          metadata: person.facts,
        },
      ],
      value: state === 'on' ? 'the brake is on: nothing acts' : 'the brake is off: grace acts again',
    };
  });
}
