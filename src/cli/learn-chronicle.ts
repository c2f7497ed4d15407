import { closest } from '../core/config/closest.js';
import { EXIT, OperatorError } from '../core/errors.js';
import type { ControlEntry, ControlView } from '../core/registry/queries/control.js';
import { type Chronicle, chronicleOf } from '../learning/governance/chronicle.js';
import type { Context } from './context.js';
import { nextCommand } from './next-command.js';
import { noteTrouble } from './notes.js';
import { openForLooking } from './reading.js';
import type { WhereOptions } from './where.js';

/** Entries that are held at once: there may be a million. */
const PAGE = 500;

/** Everything that the learner, and people about it, have written. */
export function* learnerEntriesOf(view: ControlView): Generator<ControlEntry> {
  for (let after = 0; ; ) {
    const page = view.learnerEntries(after, PAGE);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last.line;
  }
}

/** The same, for a command that only looks. */
export async function lookedUp(ctx: Context, where: WhereOptions, withOutcomes = true): Promise<Chronicle> {
  const reading = await openForLooking(ctx, where);
  try {
    const chronicle = reading.registry.control((view) => chronicleOf(learnerEntriesOf(view), withOutcomes));
    noteTrouble(ctx, reading);
    return chronicle;
  } finally {
    reading.registry.close();
  }
}

/** The error about an id that nothing has; it names the nearest that something has. */
export function unknownId(
  id: string,
  { known, what }: { readonly known: readonly string[]; readonly what: 'version' | 'proposal' },
  where: WhereOptions,
): OperatorError {
  const list = what === 'version' ? ['learn', 'history'] : ['learn', 'proposals'];
  // Never the command itself with another id: pasted, it would decide on something else.
  const hint = `${nextCommand(list, where)}   # ${known.length === 0 ? 'there is none yet' : `such as ${closest(id, known)}`}`;
  return new OperatorError('GRACE_UNKNOWN_CHANGE', EXIT.usage, `no ${what} is named ${id || "''"}`, { hint });
}
