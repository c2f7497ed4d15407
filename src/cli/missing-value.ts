import { EXIT, OperatorError } from '../core/errors.js';
import type { Program } from './command.js';

/** Commander takes whatever comes next for the value of an option, another option among it: `--metrics --json` would write `--json`. */
export function refuseMissingValues(command: Program): void {
  const flags = new Set(['-h', '--help', ...command.options.flatMap(({ short, long }) => [short, long])]);
  for (const option of command.options) {
    if (!option.required) continue;
    command.on(`option:${option.name()}`, (value: unknown) => {
      if (typeof value !== 'string' || !flags.has(value)) return;
      throw new OperatorError('GRACE_USAGE', EXIT.usage, `${option.long} needs a value, and ${value} is an option`, {
        hint: option.flags,
      });
    });
  }
}
