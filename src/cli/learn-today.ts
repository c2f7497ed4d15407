import { CHECK_KINDS } from '../core/config/schema/check-schema.js';
import type { GraceConfig } from '../core/config/schema/grace-schema.js';
import { watchedOf } from '../healing/from-config.js';
import { limitsOf } from '../learning/detection/limits.js';
import { spelledLimit } from '../learning/detection/other-limits.js';
import type { Today } from '../learning/governance/why-stale.js';
import type { Context } from './context.js';
import { learnableChecks } from './learn-facts.js';

/** What grace.yaml says of a check today, of all that a change could be about. */
export function todayOf(ctx: Context, config: GraceConfig, check: string): Today {
  const { mode, holdout } = config.learning;
  const written = Object.hasOwn(config.checks, check) ? config.checks[check] : undefined;
  if (written === undefined) return { mode, holdout, check: undefined, detection: [] };
  const watched = watchedOf(config, { clock: ctx.clock, store: undefined });
  const kind = CHECK_KINDS.find((one) => Object.hasOwn(written, one)) ?? null;
  const { need, of } = written.confirm;
  return {
    ...{ mode, holdout },
    check: learnableChecks(config, watched).find(({ name }) => name === check),
    detection: [
      { section: null, field: 'confirm', value: `${need} of ${of}` },
      ...limitsOf(written).map((limit) => ({
        ...{ section: kind, field: limit.field, value: spelledLimit(limit).text },
      })),
    ],
  };
}
