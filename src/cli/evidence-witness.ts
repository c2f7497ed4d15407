import { EXIT, OperatorError } from '../core/errors.js';
import type { Context } from './context.js';
import { acceptWitnessed } from './witness-accept.js';
import type { WitnessOptions } from './witness-options.js';
import { witnessSource } from './witness-source.js';

/** Looks at a log as a witness; or, where the log is, keeps what a witness has signed, or has another key sign. */
export async function runWitness(ctx: Context, source: string | undefined, options: WitnessOptions): Promise<number> {
  const { accept, rekey } = options;
  const asked = [source !== undefined, accept !== undefined, rekey === true].filter((one) => one).length;
  if (asked !== 1) {
    throw new OperatorError(
      'GRACE_USAGE',
      EXIT.usage,
      'evidence witness takes exactly one of SOURCE, --accept and --rekey',
      {
        hint: 'grace evidence witness --help',
      },
    );
  }
  if (source !== undefined) return witnessSource(ctx, source, options);
  if (accept !== undefined) return acceptWitnessed(ctx, accept, options);
  const { runRekey } = await import('./evidence-rekey.js');
  return runRekey(ctx, options);
}
