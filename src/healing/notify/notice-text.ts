import type { NewIncident } from '../../core/records/incident.js';
import type { News } from './news.js';

export const NOTICE_SCHEMA = 'grace.notice/1';

/** What a person is told, as one JSON document; of an incident, as far as there is one. Texts in it come from data. */
export function noticeText(
  { event, incident, reason }: Pick<News, 'event' | 'reason'> & { readonly incident: Partial<NewIncident> | undefined },
  at: string,
  host: string,
): string {
  const of = <K extends keyof NewIncident>(...keys: K[]) =>
    Object.fromEntries(keys.map((key) => [key, incident?.[key] ?? null]));
  return JSON.stringify({
    schema: NOTICE_SCHEMA,
    ...{ event, at, reason },
    ...{ host: incident?.host ?? host },
    ...of('incident_id', 'check', 'target', 'failure_mode', 'severity', 'status', 'origin'),
    ...of('onset_at', 'detected_at', 'resolved_at', 'mttr_seconds', 'playbook_id', 'resolution', 'relapses', 'error'),
  });
}
