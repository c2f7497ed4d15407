import { type Change, isOrder } from '../governance/change.js';
import { settingWords } from '../governance/setting-words.js';

/** `v7: web tries restart-web first`. Data: whoever shows it escapes it. */
export function appliedWords(id: string, change: Change, reason: string | null): string {
  if (reason === null) return `${id}: ${changeWords(change, 'does')}`;
  const why = reason === 'harm' ? 'harm was shown' : 'what it tried first failed again and again, against the odds';
  return `${id}: ${change.check} goes back to ${settingWords(change.to)}: ${why}`;
}

/** `p3: web would try restart-web first`. */
export function proposedWords(id: string, change: Change): string {
  return `${id}: ${changeWords(change, 'would')}`;
}

/** `p3: web would try restart-web first; it is no longer what is wanted`. */
export function withdrawnWords(id: string, change: Change | undefined, reason: string): string {
  return `${change === undefined ? id : proposedWords(id, change)}; ${reason}`;
}

function changeWords({ check, playbook, from, to }: Change, how: 'does' | 'would'): string {
  const verb = (plain: string, third: string) => (how === 'does' ? third : `would ${plain}`);
  const [before, after] = [settingWords(from), settingWords(to)];
  if (playbook !== null) return `${check} ${verb('wait', 'waits')} ${after} after ${playbook}, not ${before}`;
  if (!isOrder(from) || !isOrder(to)) return `${check} ${verb('have', 'has')} ${after}, not ${before}`;
  const dropped = from.filter((id) => !to.includes(id));
  if (dropped.length > 0) return `${check} ${verb('drop', 'drops')} ${dropped.join(', ')}`;
  const [first] = to;
  return `${check} ${verb('try', 'tries')} ${first === undefined || first === from[0] ? after : `${first} first`}`;
}
