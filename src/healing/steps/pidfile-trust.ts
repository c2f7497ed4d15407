import type { Stats } from 'node:fs';
import { isOurs } from '../../core/config/trusted-file.js';

const BY_EVERYBODY = 0o002;
const BY_ITS_GROUP = 0o020;

/** Why that file may not say who gets a signal. For root the group counts too: it may signal whom nobody of them may. */
export function writtenByOthers({ mode }: Pick<Stats, 'mode'>, ours: number): string | undefined {
  const says = `its mode is ${(mode & 0o7777).toString(8).padStart(3, '0')}`;
  if ((mode & BY_EVERYBODY) !== 0) return `everybody can write to it: ${says}`;
  if (ours === 0 && (mode & BY_ITS_GROUP) !== 0) return `its group can write to it: ${says}`;
  return undefined;
}

/** Whether the owner of a pidfile may name a process of `uid`: root and we anybody's, others their own, whom they could signal themselves. */
export function mayName(owner: number, uid: number, ours: number): boolean {
  return isOurs(owner, ours) || owner === uid;
}
