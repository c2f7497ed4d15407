import type { News } from './news.js';

export const NOTICE_SCHEMA = 'grace.notice/1';

/** What a person is told, as one JSON document; of an incident, if there is one. Texts in it come from data. */
export function noticeText(
  { event, incident, reason }: Omit<News, 'subject' | 'about'>,
  at: string,
  host: string,
): string {
  const of = <K extends keyof NonNullable<News['incident']>>(...keys: K[]) =>
    Object.fromEntries(keys.map((key) => [key, incident?.[key] ?? null]));
  return JSON.stringify({
    schema: NOTICE_SCHEMA,
    ...{ event, at, reason },
    ...{ host: incident?.host ?? host },
    ...of('incident_id', 'check', 'target', 'failure_mode', 'severity', 'status', 'origin'),
    ...of('onset_at', 'detected_at', 'resolved_at', 'mttr_seconds', 'playbook_id', 'resolution', 'relapses', 'error'),
  });
}
