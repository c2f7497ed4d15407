import { readSeen } from '../learning/state/state-cache.js';
import type { Context } from './context.js';
import type { LearnTickOptions } from './learn-tick-words.js';
import { isUnchanged, momentOf, tickInputs } from './learn-unchanged.js';

/** Learns from what has happened since the last tick. Silent, and quick, where there is nothing to do. */
export async function runLearnTick(ctx: Context, options: LearnTickOptions): Promise<number> {
  // Before anything is read: what changes from here on is seen by the next tick.
  const inputs = tickInputs(ctx, options);
  const isQuiet = options.json !== true && options.verbose !== true;
  if (isQuiet && inputs !== undefined && isUnchanged(inputs, readSeen(inputs.dir), momentOf(ctx))) return 0;
  const { runWholeTick } = await import('./learn-whole-tick.js');
  return runWholeTick(ctx, options, inputs);
}
