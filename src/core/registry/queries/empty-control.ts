import type { ControlView } from './control.js';

/** What the logs say where there are none. */
export const EMPTY_CONTROL: ControlView = {
  incident: () => undefined,
  incidentByRef: () => undefined,
  openIncidents: () => [],
  lastIncidentOf: () => undefined,
  liveIncidents: () => [],
  openClaims: () => [],
  allOpenClaims: () => [],
  recentClaims: () => [],
  claimsOf: () => [],
  hasClaimAfter: () => false,
  recentControls: () => [],
  recentOpenings: () => [],
  lastControl: () => undefined,
  newsOfLive: () => [],
  bearable: () => [],
  taken: () => undefined,
  tellingsOf: () => [],
  tellingsBy: () => [],
  silences: () => [],
  liveCount: () => 0,
  hasEndedClaim: () => false,
  hasEntry: () => false,
  sealedAs: () => undefined,
  auditLines: () => 0,
};
