import { systemClock } from '../core/host/clock.js';
import { apiTimeoutDrill } from './api-timeout-drill.js';
import { certificateExpiringDrill } from './certificate-expiring-drill.js';
import { configInvalidDrill } from './config-invalid-drill.js';
import { configMissingDrill } from './config-missing-drill.js';
import { databaseCorruptDrill } from './database-corrupt-drill.js';
import { databaseLockedDrill } from './database-locked-drill.js';
import { databaseUnavailableDrill } from './database-unavailable-drill.js';
import { dependencyDownDrill } from './dependency-down-drill.js';
import { diskFullDrill } from './disk-full-drill.js';
import { dnsFailureDrill } from './dns-failure-drill.js';
import type { Drill } from './drill.js';
import { fileCorruptDrill } from './file-corrupt-drill.js';
import { inodesExhaustedDrill } from './inodes-exhausted-drill.js';
import { invalidCredentialsDrill } from './invalid-credentials-drill.js';
import { memoryPressureDrill } from './memory-pressure-drill.js';
import { modelServerDownDrill } from './model-server-down-drill.js';
import { networkUnreachableDrill } from './network-unreachable-drill.js';
import { outOfMemoryDrill } from './out-of-memory-drill.js';
import { type FreePort, portInUseDrill } from './port-in-use-drill.js';
import { processMissingDrill } from './process-missing-drill.js';
import { serviceDownDrill } from './service-down-drill.js';
import { serviceHungDrill } from './service-hung-drill.js';
import { slowStartDrill } from './slow-start-drill.js';

/** What drills need of the healing room; handed over by the face. */
export interface DrillTools {
  readonly freePort: FreePort;
}

/** The drills there are, one for each failure mode; the first is what `trigger incident` runs. */
export function drills(tools: DrillTools): readonly [Drill, ...Drill[]] {
  return [
    portInUseDrill(tools.freePort),
    serviceDownDrill,
    processMissingDrill,
    serviceHungDrill,
    apiTimeoutDrill,
    slowStartDrill,
    outOfMemoryDrill,
    memoryPressureDrill,
    diskFullDrill,
    inodesExhaustedDrill,
    databaseUnavailableDrill,
    databaseCorruptDrill,
    databaseLockedDrill,
    configMissingDrill,
    configInvalidDrill,
    fileCorruptDrill,
    certificateExpiringDrill(systemClock),
    invalidCredentialsDrill,
    networkUnreachableDrill,
    dnsFailureDrill,
    dependencyDownDrill,
    modelServerDownDrill,
  ];
}
