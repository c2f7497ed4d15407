import type { Moment } from '../../core/records/moment.js';

/** Names an episode by what its opening says of it, so that whoever has the log can draw again. */
export function seedOf(check: string, { boot_id, elapsed_s, at }: Moment): string {
  return `${check} ${boot_id} ${elapsed_s} ${at}`;
}
