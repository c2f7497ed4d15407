import { closest } from '../core/config/closest.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { canonicalInstant, formatInstant } from '../core/records/time.js';
import type { Program } from './command.js';
import type { Context } from './context.js';
import { parseSince } from './output/time.js';

/** The options that every command has which finds logs. */
export function withWhere(command: Program): Program {
  return command.option('--logs <dir>', 'directory of the logs').option('--config <file>', 'grace.yaml to use');
}

/** For commands that write: where the key is that signs the audit log. */
export function withKey(command: Program): Program {
  return withWhere(command).option(
    '--key <file>',
    'signing key of the audit log (default: $GRACE_KEY, else one per log)',
  );
}

export function withJson(command: Program): Program {
  return command.option('--json', 'one JSON document (docs/json.md)');
}

/** `--since` as an instant in the registry's spelling. */
export function sinceOption(ctx: Context, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const ms = parseSince(text, ctx.clock.now());
  const instant = ms === undefined ? undefined : canonicalInstant(formatInstant(ms));
  if (instant !== undefined) return instant;
  throw new OperatorError('GRACE_USAGE', EXIT.usage, `--since ${text} is not a time`, {
    hint: '--since 24h   # or 7d, 2026-11-20, 2026-11-20T14:00:00Z',
  });
}

/** A whole number within bounds. */
export function countOption(
  name: string,
  text: string | undefined,
  bounds: { least: number; most: number },
): number | undefined {
  if (text === undefined) return undefined;
  const n = Number(text);
  if (/^\d+$/.test(text) && n >= bounds.least && n <= bounds.most) return n;
  throw new OperatorError(
    'GRACE_USAGE',
    EXIT.usage,
    `${name} ${text} is not a whole number from ${bounds.least} to ${bounds.most}`,
    {
      hint: `${name} 20`,
    },
  );
}

/** One of a fixed set of words. */
export function choiceOption<T extends string>(
  name: string,
  text: string | undefined,
  choices: readonly T[],
): T | undefined {
  if (text === undefined) return undefined;
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new OperatorError('GRACE_USAGE', EXIT.usage, `${name} ${text} is none of ${choices.join(', ')}`, {
    hint: `${name} ${closest(text, choices)}`,
  });
}
