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
    case 'recovered':
      return `passes again after ${formatSeconds(event.incident.mttr_seconds)} (${event.incident.resolution}): ${event.incident.incident_id}`;
  }
}

const LEFT_ALONE = {
  busy: 'another process is at work on it',
  stale: 'another process has dealt with it',
  abandoned: 'a process that was at work on it is gone; that is settled first',
} as const;
