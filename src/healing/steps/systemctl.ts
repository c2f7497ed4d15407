import { effectiveUid } from '../../core/host/account.js';

export const SYSTEMCTL = '/usr/bin/systemctl';

/** To reach the manager of this account, where it has one. */
export function systemctlEnvironment(user: boolean): Record<string, string> {
  return user ? { XDG_RUNTIME_DIR: `/run/user/${effectiveUid()}` } : {};
}
