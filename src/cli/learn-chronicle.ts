import { closest } from '../core/config/closest.js';
import { EXIT, OperatorError } from '../core/errors.js';
import type { ControlEntry, ControlView } from '../core/registry/queries/control.js';
import { type Chronicle, chronicleOf } from '../learning/governance/chronicle.js';
import type { Context } from './context.js';
import { loadForHealing } from './healing.js';
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
export async function lookedUp(
  ctx: Context,
  where: WhereOptions,
  withOutcomes = true,
  check?: string,
): Promise<Chronicle> {
  const reading = await openForLooking(ctx, where);
  try {
    const chronicle = reading.registry.control((view) => {
      requireKnownCheck(view, check, where);
      return chronicleOf(learnerEntriesOf(view), withOutcomes);
    });
    noteTrouble(ctx, reading);
    await noteOff(ctx, where);
    return chronicle;
  } finally {
    reading.registry.close();
  }
}

/** What was learned stays in the log, and in force as far as that goes. */
async function noteOff(ctx: Context, where: WhereOptions): Promise<void> {
  const loaded = await loadForHealing(ctx, where, false).catch(() => undefined);
  if (loaded?.config.learning.mode !== 'off') return;
  ctx.err.write('grace: note: learning.mode is off in grace.yaml: nothing that was learned is served meanwhile\n');
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

/** Throws where nothing was ever learned of a check of that name, and of others it was. */
export function requireKnownCheck(view: ControlView, check: string | undefined, where: WhereOptions): void {
  const known = view.standingArms().map(({ subject }) => subject);
  if (check === undefined || known.length === 0 || known.includes(check)) return;
  throw new OperatorError('GRACE_UNKNOWN_CHECK', EXIT.usage, `nothing was learned of a check ${check || "''"}`, {
    hint: `${nextCommand(['learn', 'status'], where)}   # did you mean ${closest(check, known)}?`,
  });
}
