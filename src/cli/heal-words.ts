import type { Looked } from '../healing/engine/monitor.js';
import type { HealEvent } from '../healing/events.js';
import { formatSeconds } from './output/time.js';

/** One event of the engine as a line for an operator, unescaped; `undefined` for what is not worth one. */
export function eventWords(event: HealEvent, verbose: boolean): string | undefined {
  switch (event.kind) {
    case 'probed':
      return verbose && event.probe.status !== 'ok' ? `${event.probe.status}: ${event.probe.summary}` : undefined;
    case 'confirmed':
      return verbose ? `failed ${event.bad} of ${event.of}` : undefined;
    case 'opened':
      return `${event.relapse ? 'failed again' : 'failed'}: ${event.incident_id}`;
    case 'claimed':
      return `runs ${event.playbook_id} (${event.rule})`;
    case 'withheld': {
      if (!event.isNews && !verbose) return undefined;
      const why = event.refusals.map(({ rail, reason }) => `${rail}: ${reason}`).join('; ');
      return `would have run ${event.playbook_id}, and did not: ${why}`;
    }
    case 'left_alone':
      return verbose ? LEFT_ALONE[event.reason] : undefined;
    case 'stepped':
      return `${event.worked ? 'did' : 'failed'} ${event.name}: ${event.exit} (${formatSeconds(event.duration_s)})`;
    case 'escalated':
      return `needs a person: ${event.reason}: ${event.incident.incident_id}`;
    case 'attempted':
      return event.verified
        ? `healed in ${formatSeconds(event.incident.mttr_seconds)}, verified: ${event.incident.incident_id}`
        : `not healed: ${event.incident.error ?? ''}`;
    case 'ended_late':
      return `${event.playbook_id} has ended (${event.outcome}), and somebody had ended its claim before: ${event.incident_id} stays as it is`;
    case 'recovered':
      return `passes again after ${formatSeconds(event.incident.mttr_seconds)} (${event.incident.resolution}): ${event.incident.incident_id}`;
  }
}

/**
 * What is to be said at the end of a pass of a check that is not well, where its events have said nothing (`said`): a pass
 * that ends otherwise than well is never silent. `undefined`: there is nothing to say.
 */
export function staysOpenWords(looked: Looked, said: boolean): string | undefined {
  if (looked.kind === 'could_not_tell') return `cannot be checked: ${looked.probe.summary}`;
  if (said || looked.kind !== 'handled') return undefined;
  const { handled, probe } = looked;
  if (handled.kind !== 'waiting' && handled.kind !== 'withheld') return undefined;
  const { incident_id, status, error } = handled.incident;
  const needsPerson = handled.kind === 'waiting' || status === 'failed';
  const what = needsPerson
    ? `needs a person: ${error ?? 'no remedy is listed for it'}`
    : 'a remedy is held back, as it was before';
  return `still failing: ${probe.summary}; ${what}: ${incident_id}; grace heal status`;
}

const LEFT_ALONE = {
  busy: 'another process is at work on it',
  stale: 'another process has dealt with it',
  abandoned: 'a process that was at work on it is gone; that is settled first',
} as const;
