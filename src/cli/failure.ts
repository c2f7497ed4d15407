import { EXIT, OperatorError, systemErrorSentence } from '../core/errors.js';
import { shellArguments } from '../core/shell-quoted.js';
import type { Context } from './context.js';
import { renderError } from './output/errors.js';
import { loadStyle } from './output/style.js';

/** For the commands whose exit code is a monitoring plugin's: whatever keeps them from an answer is UNKNOWN. */
const COULD_NOT_TELL = 3;

/** Says on stderr what went wrong, and answers the exit code for it. */
export async function reportFailure(ctx: Context, error: unknown): Promise<number> {
  const failure = asOperatorError(ctx, error);
  const style = await loadStyle(ctx.err);
  ctx.err.write(renderError({ message: failure.message, code: failure.code, hint: failure.hint }, style));
  if (failure.exit === EXIT.unexpected && ctx.env.GRACE_DEBUG) ctx.err.write(`${(error as Error).stack}\n`);
  return isPluginCommand(ctx) ? COULD_NOT_TELL : failure.exit;
}

/** Of `evidence`, those that report nothing but hand something over. */
const HAND_OVER: readonly (string | undefined)[] = ['prove', 'checkpoint', 'export', 'witness'];

/** The reports of `evidence` answer a plugin's codes, so that any of them is also a check. */
export function isPluginCommand(ctx: Pick<Context, 'args'>): boolean {
  const [command, subcommand] = ctx.args.filter((word) => !word.startsWith('-'));
  if (command === 'heal' && subcommand === 'check') return true;
  return command === 'evidence' && !HAND_OVER.includes(subcommand);
}

function asOperatorError(ctx: Context, error: unknown): OperatorError {
  if (error instanceof OperatorError) return error;
  const sentence = systemErrorSentence(error);
  if (sentence !== undefined) {
    const { path } = error as NodeJS.ErrnoException;
    return new OperatorError('GRACE_SYSTEM', EXIT.unexpected, `${path ? `${path}: ` : ''}${sentence}`, {
      hint: 'grace doctor',
    });
  }
  const ofSqlite = sqliteSentence(error);
  if (ofSqlite !== undefined) {
    return new OperatorError('GRACE_SYSTEM', EXIT.unexpected, ofSqlite, { hint: 'grace doctor', cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  if (isUnloadable(error)) {
    return new OperatorError(
      'GRACE_NATIVE_MODULE',
      EXIT.unexpected,
      `better-sqlite3 is not built for this Node, ${process.version}`,
      {
        hint: `cd ${shellArguments(ctx.home)} && npm rebuild better-sqlite3`,
        cause: error,
      },
    );
  }
  return new OperatorError('GRACE_BUG', EXIT.unexpected, `this is a bug in grace: ${message}`, {
    hint: `GRACE_DEBUG=1 ${ctx.invocation}   # report what it prints`,
  });
}

/** Node was replaced by one of another version, or the build has not come to its end. */
function isUnloadable(error: unknown): boolean {
  const { code, message = '' } = error as { code?: unknown; message?: string };
  return code === 'ERR_DLOPEN_FAILED' || /better_sqlite3\.node|Could not locate the bindings file/.test(message);
}

/** What SQLite says of the disk that its files are on, the locks among them. */
function sqliteSentence(error: unknown): string | undefined {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const ofTheDisk = typeof code === 'string' && /^SQLITE_(FULL|CANTOPEN|IOERR|READONLY|PERM)/.test(code);
  return ofTheDisk ? `a file of SQLite in the log directory cannot be used: ${message} (${code})` : undefined;
}
