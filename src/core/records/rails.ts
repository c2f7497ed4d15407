/** What may keep grace from acting; as written in `remedy_withheld` and said to `--pass-over`. */
export const RAIL_IDS = [
  'observe',
  'account',
  'silence',
  'maintenance',
  'dependency',
  'flapping',
  'brake',
  'rearm',
  'cooldown',
  'cap',
  'approval',
] as const;

export type RailId = (typeof RAIL_IDS)[number];
