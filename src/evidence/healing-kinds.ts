import type { IncidentGroup, Recovery } from '../core/registry/queries/evidence-incidents.js';

/**
 * How an incident, or one recovery of it, counts:
 * - `healed`: grace's remedy ended it and the check that had failed passed again;
 * - `without_grace`: verified, but it recovered by itself, by hand, or nobody knows how;
 * - `unverified`: somebody or something says that it is over.
 */
export type RecoveryKind = 'healed' | 'without_grace' | 'unverified';
export type IncidentKind = RecoveryKind | 'failed' | 'open';

export function recoveryKind(of: Pick<Recovery, 'verified' | 'resolution'>): RecoveryKind {
  if (of.verified === 0) return 'unverified';
  return of.resolution === 'remediated' ? 'healed' : 'without_grace';
}

export function incidentKind(of: Pick<IncidentGroup, 'status' | 'verified' | 'resolution'>): IncidentKind {
  if (of.status === 'resolved') return recoveryKind(of);
  return of.status === 'failed' ? 'failed' : 'open';
}
