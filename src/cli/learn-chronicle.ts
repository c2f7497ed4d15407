import { closest } from '../core/config/closest.js';
import { EXIT, OperatorError } from '../core/errors.js';
import type { ControlEntry, ControlView } from '../core/registry/queries/control.js';
import { type Chronicle, chronicleOf } from '../learning/governance/chronicle.js';
import type { Context } from './context.js';
import { nextCommand } from './next-command.js';
import { noteTrouble } from './notes.js';
import { openForLooking } from './reading.js';
import type { WhereOptions } from './where.js';

/** More than a registry holds. */
const ALL = 1_000_000_000;

/** Everything that the learner, and people about it, have written. */
export function learnerEntriesOf(view: ControlView): ControlEntry[] {
  return view.learnerEntries(0, ALL);
}

/** The same, for a command that only looks. */
export async function lookedUp(ctx: Context, where: WhereOptions): Promise<Chronicle> {
  const reading = await openForLooking(ctx, where);
  try {
    const chronicle = chronicleOf(reading.registry.control(learnerEntriesOf));
    noteTrouble(ctx, reading);
    return chronicle;
  } finally {
    reading.registry.close();
  }
}

/** The error about an id that nothing has; it names the nearest that something has. */
export function unknownId(
  id: string,
  {
    known,
    words,
    what,
  }: { readonly known: readonly string[]; readonly words: readonly string[]; readonly what: string },
  where: WhereOptions,
): OperatorError {
  const list = what === 'version' ? ['learn', 'history'] : ['learn', 'proposals'];
  const hint =
    known.length === 0
      ? `${nextCommand(list, where)}   # there is none yet`
      : nextCommand([...words, closest(id, known)], where);
  return new OperatorError('GRACE_UNKNOWN_CHANGE', EXIT.usage, `no ${what} is named ${id || "''"}`, { hint });
}
