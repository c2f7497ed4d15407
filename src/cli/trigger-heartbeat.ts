import { nearestFew } from '../core/config/closest.js';
import { name as nameSchema } from '../core/config/schema/units.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { bootId } from '../core/host/process-identity.js';
import { prepareDirectory } from '../core/journal/directory.js';
import { ProbeStore } from '../healing/probe-store.js';
import type { Context } from './context.js';
import { nextCommand } from './next-command.js';
import { rightsToStop } from './person.js';
import { findLogs } from './reading.js';
import type { WhereOptions } from './where.js';

/** Notes that something lives. It is no evidence and goes into no log; a `heartbeat` check asks for it. */
export async function runHeartbeat(ctx: Context, name: string, options: WhereOptions): Promise<number> {
  if (!nameSchema.safeParse(name).success) {
    throw new OperatorError(
      'GRACE_USAGE',
      EXIT.usage,
      'the name of a heartbeat has up to 64 letters, digits, dots and dashes',
      {
        hint: 'grace trigger heartbeat nightly-backup',
      },
    );
  }
  await requireWaiting(ctx, name, options);
  const dir = await findLogs(ctx, options);
  prepareDirectory(dir, ctx.invocation);
  const store = new ProbeStore(dir, { write: true });
  const kept = store.beat(name, { boot_id: bootId(), elapsed_s: ctx.clock.elapsed(), at: ctx.clock.now() });
  store.close();
  if (kept) return EXIT.done;
  throw new OperatorError('GRACE_HEARTBEAT_LOST', EXIT.badAnswer, `${dir}/probes.db could not be written`, {
    hint: 'grace doctor',
  });
}

/** What nobody waits for is believed to be watched, and is not. */
async function requireWaiting(ctx: Context, name: string, options: WhereOptions): Promise<void> {
  const { config } = await rightsToStop(ctx, options);
  if (config.checks === undefined) {
    ctx.err.write('grace: note: there is no grace.yaml that can be read: nobody knows whether a check waits for it\n');
    return;
  }
  const names = Object.values(config.checks).flatMap(({ heartbeat }) => heartbeat?.name ?? []);
  if (names.includes(name)) return;
  const near = nearestFew(name, names);
  const [best] = near;
  throw new OperatorError('GRACE_UNKNOWN_HEARTBEAT', EXIT.usage, `no check waits for a heartbeat named ${name}`, {
    hint:
      best === undefined
        ? `${nextCommand(['config', 'show'], options)}   # the checks there are`
        : `${nextCommand(['trigger', 'heartbeat', best], options)}   # did you mean ${near.join(' or ')}?`,
  });
}
