import projection from './0001-projection.sql';
import auditIndexes from './0002-audit-indexes.sql';
import metricsIndexes from './0003-metrics-indexes.sql';
import tellingIndexes from './0004-telling-indexes.sql';

/** In order; the database's `user_version` says how many were applied (database.ts). */
export const MIGRATIONS: readonly string[] = [projection, auditIndexes, metricsIndexes, tellingIndexes];
