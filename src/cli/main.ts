import { setImmediate as nextTurn } from 'node:timers/promises';
import { EXIT, OperatorError, systemErrorSentence } from '../core/errors.js';
import { type Context, processContext } from './context.js';
import { reportFailure } from './failure.js';
import { packageVersion } from './version.js';

/** `home`: the folder of the installed package. */
export async function main(home: string): Promise<void> {
  const ctx = processContext(home);
  try {
    process.exitCode = await dispatch(ctx);
  } catch (error) {
    process.exitCode = await reportFailure(ctx, error);
  }
  // A write that failed says so a moment later.
  await nextTurn();
  const lost = ctx.lostOutput();
  if (!lost) return;
  const exit = await reportFailure(ctx, outputLost(lost));
  if (process.exitCode === EXIT.done) process.exitCode = exit;
}

/** Output that got lost is no success, though what the command did has been done. */
function outputLost(cause: Error): OperatorError {
  const why = systemErrorSentence(cause) ?? cause.message;
  return new OperatorError('GRACE_OUTPUT_LOST', EXIT.badAnswer, `standard output could not be written: ${why}`, {
    hint: 'grace registry list   # what was done is in the logs',
    cause,
  });
}

async function dispatch(ctx: Context): Promise<number> {
  // Monitoring asks for the version often; it needs neither the commands nor what they load.
  if (ctx.args.length === 1 && (ctx.args[0] === '--version' || ctx.args[0] === '-V')) {
    ctx.out.write(`${packageVersion(ctx)}\n`);
    return EXIT.done;
  }
  const { runProgram } = await import('./program.js');
  return runProgram(ctx);
}
