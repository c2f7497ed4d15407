import { nearestFew } from '../core/config/closest.js';
import { matchesPattern } from '../core/config/name-pattern.js';
import { parseDuration } from '../core/config/schema/units.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { ACTION } from '../core/records/audit-actions.js';
import type { Now } from '../core/records/moment.js';
import { inMillis } from '../core/records/time.js';
import type { ControlEntry, ControlView } from '../core/registry/queries/control.js';
import { isSilencing } from '../healing/engine/rails.js';
import type { Context } from './context.js';
import { asPerson, type Deed, noteOption, type PersonalOptions } from './heal-person.js';
import { presentOf } from './healing.js';
import { nextCommand } from './next-command.js';
import { renderTable } from './output/table.js';
import { formatSeconds, formatUtc } from './output/time.js';
import { type Person, type Rights, rightsOf, rightsToStop } from './person.js';
import { openForLooking } from './reading.js';

export type SilenceOptions = PersonalOptions & {
  readonly for?: string;
  readonly reason?: string;
  readonly end?: string;
};

export async function runHealSilence(
  ctx: Context,
  patterns: readonly string[],
  options: SilenceOptions,
): Promise<number> {
  if (options.end !== undefined) return runEnd(ctx, patterns, options.end, options);
  if (patterns.length === 0) {
    if (options.for === undefined && options.reason === undefined) return listSilences(ctx, options);
    throw new OperatorError('GRACE_USAGE', EXIT.usage, 'which checks? a silence needs their names, or a pattern', {
      hint: `${nextCommand(['heal', 'silence', '*', '--for', forOf(options)], options)}   # all of them`,
    });
  }
  const lasts_s = parseDuration(forOf(options));
  if (lasts_s === undefined || lasts_s < 1 || lasts_s > 31 * 86_400) {
    throw new OperatorError('GRACE_USAGE', EXIT.usage, `--for ${forOf(options)} is not a duration from 1s to 31d`, {
      hint: '--for 2h',
    });
  }
  const reason = noteOption('--reason', options.reason) ?? '';
  const rights = await rightsToStop(ctx, options);
  requireMatches(ctx, patterns, rights, options);
  return asPerson(ctx, options, { rights, grant: 'silence', subject: 'silence' }, (person, rule) => () => {
    const name = `silence_${ctx.newSuffix()}`;
    return {
      entries: [
        {
          actor: person.account,
          action: ACTION.silenceStarted,
          resource: name,
          decision: { rule },
          metadata: { ...person.facts, checks: [...patterns], lasts_s, reason },
        },
      ],
      value: `${name}: nothing acts on ${patterns.join(', ')} for ${formatSeconds(lasts_s)}`,
    };
  });
}

function forOf({ for: duration = '1h' }: SilenceOptions): string {
  return duration;
}

/** So many names are listed. */
const MOST_NAMES = 12;

/** A silence that silences nothing is believed in until it is too late. */
function requireMatches(ctx: Context, patterns: readonly string[], { config }: Rights, options: SilenceOptions): void {
  const names = config.checks && Object.keys(config.checks);
  const missing = patterns.find((pattern) =>
    names === undefined ? pattern === '' : !names.some((name) => matchesPattern(pattern, name)),
  );
  if (missing !== undefined) {
    const near = nearestFew(missing.replaceAll('*', ''), names ?? []);
    throw new OperatorError('GRACE_UNKNOWN_CHECK', EXIT.usage, `no check is named ${missing || "''"}`, {
      hint: namesHint(near, names ?? [], options),
    });
  }
  if (names === undefined) {
    ctx.err.write('grace: note: there is no grace.yaml that can be read: nobody knows whether a check is named so\n');
  }
}

function namesHint(near: readonly string[], names: readonly string[], options: SilenceOptions): string {
  const [best] = near;
  if (best === undefined) {
    const known = names.slice(0, MOST_NAMES).join(', ') + (names.length > MOST_NAMES ? ', …' : '');
    return `${nextCommand(['config', 'show'], options)}   # the checks there are${known && `: ${known}`}`;
  }
  const command = nextCommand(['heal', 'silence', best, '--for', forOf(options)], options);
  return `${command}   # did you mean ${near.join(' or ')}?`;
}

async function runEnd(
  ctx: Context,
  patterns: readonly string[],
  name: string,
  options: SilenceOptions,
): Promise<number> {
  if (patterns.length > 0) {
    throw new OperatorError('GRACE_USAGE', EXIT.usage, '--end goes without names of checks', {
      hint: nextCommand(['heal', 'silence', '--end', name], options),
    });
  }
  const rights = await rightsOf(ctx, options);
  return asPerson(ctx, options, { rights, grant: 'silence', subject: name }, (person, rule) => (view) => {
    return ended(view, name, presentOf(ctx), { person, rule, options });
  });
}

interface Ending {
  readonly person: Person;
  readonly rule: string;
  readonly options: SilenceOptions;
}

function ended(view: ControlView, name: string, now: Now, { person, rule, options }: Ending): Deed {
  const found = view.silences(now).find((one) => one.subject === name);
  if (!found) {
    throw new OperatorError('GRACE_NO_SUCH_SILENCE', EXIT.notFound, `no silence named ${name || "''"} holds`, {
      hint: `${nextCommand(['heal', 'silence'], options)}   # lists them`,
    });
  }
  return {
    entries: [
      {
        actor: person.account,
        action: ACTION.silenceEnded,
        resource: name,
        decision: { rule },
        metadata: person.facts,
      },
    ],
    value: `${name} has ended`,
  };
}

async function listSilences(ctx: Context, options: SilenceOptions): Promise<number> {
  const { registry } = await openForLooking(ctx, options);
  const now = presentOf(ctx);
  const standing = registry
    .control((view) => view.silences(now))
    .filter((one) => patternsOf(one).some((pattern) => isSilencing(one, pattern, now)));
  registry.close();
  const rows = standing.map((one) => ({
    silence: one.subject,
    checks: patternsOf(one),
    since: inMillis(one.at),
    lasts_s: Number(one.metadata.lasts_s),
    by: one.actor,
    reason: String(one.metadata.reason ?? ''),
  }));
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    writeJson(ctx.out, { schema: 'grace.silences/1', silences: rows });
    return EXIT.done;
  }
  if (rows.length === 0) {
    ctx.err.write('no silence holds\n');
    return EXIT.done;
  }
  const columns = ['silence', 'checks', 'since', 'lasts', 'by', 'reason'].map((header) => ({ header }));
  const cells = rows.map((row) => [
    ...[row.silence, row.checks.join(' '), formatUtc(row.since), formatSeconds(row.lasts_s), row.by, row.reason],
  ]);
  ctx.out.write(await renderTable(columns, cells, ctx.out, await ctx.style()));
  return EXIT.done;
}

function patternsOf({ metadata }: ControlEntry): string[] {
  return Array.isArray(metadata.checks) ? metadata.checks.map(String) : [];
}
