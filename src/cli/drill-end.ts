import type { NewIncident } from '../core/records/incident.js';
import type { Looked } from '../healing/engine/monitor.js';

/** How a drill ended. */
export type DrillEnd =
  | { readonly kind: 'resolved' | 'failed'; readonly incident: NewIncident }
  | { readonly kind: 'not_found'; readonly looked: Looked }
  | { readonly kind: 'interrupted'; readonly incident: NewIncident | undefined };
