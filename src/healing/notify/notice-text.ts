import type { Notice } from '../engine/draft.js';

export const NOTICE_SCHEMA = 'grace.notice/1';

/** What a person is told, as one JSON document. Texts in it come from data. */
export function noticeText({ event, incident, reason }: Notice, at: string): string {
  const { incident_id, host, check, target, failure_mode, severity, status, origin } = incident;
  const { onset_at, detected_at, resolved_at, mttr_seconds, playbook_id, resolution, relapses, error } = incident;
  return JSON.stringify({
    schema: NOTICE_SCHEMA,
    ...{ event, at, reason },
    ...{ host, incident_id, check, target, failure_mode, severity, status, origin },
    ...{ onset_at, detected_at, resolved_at, mttr_seconds, playbook_id, resolution, relapses, error },
  });
}
