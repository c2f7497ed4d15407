/** From when on records count; `null` for all there are. In the registry's spelling of an instant. */
export interface Window {
  readonly since: string | null;
}

/**
 * Which incidents a window holds: those detected in it, and real ones that are still open, however old. A look at the
 * last day must not forget what broke the day before and is broken yet.
 */
export const INCIDENT_IN_WINDOW = `(@since IS NULL OR incidents.detected_at >= @since
  OR (incidents.origin = 'real' AND incidents.status IN ('detected', 'remediating')))`;
