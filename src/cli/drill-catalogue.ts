import { killPortHolder } from '../healing/kill-port-holder.js';
import type { Drill } from '../trigger/drill.js';
import { drills } from '../trigger/drills.js';
import type { FreePort } from '../trigger/port-in-use-drill.js';
import type { Context } from './context.js';

const FREE_WITHIN_MS = 2000;

/** The drills there are, with what they need of the healing room; the first is what `trigger incident` runs. */
export function drillCatalogue(ctx: Context): readonly [Drill, ...Drill[]] {
  return drills({ freePort: freePort(ctx) });
}

function freePort({ clock }: Context): FreePort {
  return async (port, isCulprit) => {
    const mayKill = (holder: { identity: Parameters<typeof isCulprit>[0] }) =>
      isCulprit(holder.identity) || 'it is not the process that this drill started';
    const result = await killPortHolder({ port, mayKill, clock, within_ms: FREE_WITHIN_MS });
    switch (result.outcome) {
      case 'killed':
        return { outcome: 'worked', exit: `killed ${result.holders.map((h) => `pid ${h.identity.pid}`).join(', ')}` };
      case 'free':
        return { outcome: 'worked', exit: 'nobody held it any more' };
      case 'refused':
        return { outcome: 'failed', exit: result.reason };
      case 'timed_out':
        return { outcome: 'timed_out', exit: result.reason };
    }
  };
}
