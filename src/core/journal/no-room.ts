import { OperatorError } from '../errors.js';

/** What a ledger says that has no room. */
export function hasNoRoom(error: unknown): boolean {
  return error instanceof OperatorError && ['GRACE_DISK_FULL', 'GRACE_WRITE_FAILED'].includes(error.code);
}
