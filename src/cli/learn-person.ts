import type { GraceConfig } from '../core/config/schema/grace-schema.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { ACTION } from '../core/records/audit-actions.js';
import type { ControlView } from '../core/registry/queries/control.js';
import type { AuditGap } from '../core/registry/queries/health.js';
import { gapWords } from '../healing/engine/gap-words.js';
import type { NeededGrant } from '../learning/governance/change.js';
import { type Chronicle, chronicleOf } from '../learning/governance/chronicle.js';
import type { By, Decision, DecisionFacts } from '../learning/governance/decision.js';
import type { Today } from '../learning/governance/why-stale.js';
import { type Cached, foldOn, readCached, startOf } from '../learning/state/state-cache.js';
import type { Context } from './context.js';
import { requireIntact } from './intact-log.js';
import { learnerEntriesOf } from './learn-chronicle.js';
import { todayOf } from './learn-today.js';
import { say } from './learn-words.js';
import { nextCommand } from './next-command.js';
import { personOf, type Rights, requireGrant, rightsOf } from './person.js';
import { findLogs, requireLogs } from './reading.js';
import type { WritingOptions } from './where.js';
import { openForWriting } from './writing.js';

export interface DecidingOptions extends WritingOptions {
  readonly json?: boolean;
  readonly reason?: string;
}

interface Deciding<T extends { readonly check: string }> {
  /** `p3`, `v7`. */
  readonly id: string;
  /** The command, for hints. */
  readonly words: readonly string[];
  /** In the person's own words. */
  readonly reason: string | null;
  /** What is decided; throws where there is no such thing. */
  find(chronicle: Chronicle): T;
  grant(found: T): NeededGrant;
  /** Pure; asked under the lock. */
  decide(facts: DecisionFacts): Decision;
  /** The sentence for the person, and lines that they are to put into grace.yaml. */
  tell(found: T, version: string | null, today: Today): { readonly said: string; readonly lines: readonly string[] };
}

/** Decides in the name of whoever asks, if they may, and if it can still be decided at that moment. */
export async function decideAsPerson<T extends { readonly check: string }>(
  ctx: Context,
  options: DecidingOptions,
  deciding: Deciding<T>,
): Promise<number> {
  const { id, words } = deciding;
  // A decision needs something to decide on: it makes no logs.
  requireLogs(await findLogs(ctx, options), options);
  const rights = await rightsOf(ctx, options);
  const { config } = rights;
  if (!isWhole(config)) {
    throw new OperatorError('GRACE_NO_CONFIG', EXIT.usage, 'there is no grace.yaml, and so nothing to decide on', {
      hint: `${nextCommand([...words, id], options)} --config FILE`,
    });
  }
  const writing = await openForWriting(ctx, options);
  try {
    const { ledger } = writing;
    ledger.registry.sync();
    await requireIntact(ctx, writing.dir, options, { consequence: 'nothing was decided' });
    requireWhole(
      ledger.registry.control((view) => view.missingLines()),
      options,
    );
    const found = deciding.find(ledger.registry.control((view) => chronicleOf(learnerEntriesOf(view), false)));
    const person = personOf(ctx);
    const rule = await requireGrant(rights, person, deciding.grant(found), writing, id);
    const by: By = {
      account: person.account,
      rule,
      facts: { ...person.facts, config_version: rights.version },
      reason: deciding.reason,
    };
    const today = todayOf(ctx, config, found.check);
    const cached = readCached(writing.dir);
    const { value: version, entries } = await ledger.transact((view) => {
      requireWhole(view.missingLines(), options);
      const decision = deciding.decide({ ...standing(view, found.check, cached), today, by });
      if (decision.ok) return { entries: decision.entries, value: decision.version };
      throw new OperatorError('GRACE_CHANGE_REFUSED', EXIT.refused, decision.why, {
        hint: nextCommand(['learn', words[1] === 'rollback' ? 'history' : 'proposals'], options),
      });
    });
    const { said, lines } = deciding.tell(found, version, today);
    if (options.json) {
      const { writeJson } = await import('./output/json.js');
      writeJson(ctx.out, {
        ...{ schema: 'grace.learn_decision/1', id, check: found.check, version, done: said },
        ...{ grace_yaml: lines, entries: entries.map(({ entry_id }) => entry_id) },
      });
    } else {
      say(ctx.out, lines.length === 0 ? said : `${said}:`);
      for (const line of lines) ctx.out.write(`${line}\n`);
    }
    return EXIT.done;
  } finally {
    writing.ledger.close();
  }
}

/** A log with holes says less than was known: a rejection, or another version, may be among what is missing. */
function requireWhole(missing: readonly AuditGap[], where: WritingOptions): void {
  const words = gapWords(missing);
  if (words === undefined) return;
  throw new OperatorError('GRACE_LOG_GAP', EXIT.auditBroken, `nothing was decided: ${words}`, {
    hint: `${nextCommand(['doctor'], where)}   # how to put them back`,
  });
}

function isWhole(config: Rights['config']): config is GraceConfig {
  return config.learning !== undefined;
}

/** What a decision rests on, as of the last line of the log. */
function standing(
  view: ControlView,
  check: string,
  cached: Cached,
): Pick<DecisionFacts, 'chronicle' | 'state' | 'arms'> {
  return {
    chronicle: chronicleOf(learnerEntriesOf(view)),
    state: foldOn(view, startOf(view, cached)).state,
    arms: view.lastControl(ACTION.learningArms, check),
  };
}
