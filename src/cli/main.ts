import { EXIT } from '../core/errors.js';
import { type Context, processContext } from './context.js';
import { reportFailure } from './failure.js';
import { packageVersion } from './version.js';

/** The bundle lies in dist/cli, the package two folders above. */
const HOME = new URL('../../', import.meta.url);

export async function main(): Promise<void> {
  const ctx = processContext(HOME);
  try {
    process.exitCode = await dispatch(ctx);
  } catch (error) {
    process.exitCode = await reportFailure(ctx, error);
  }
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
