/** What may keep grace from acting; as written in `remedy_withheld` and said to `--pass-over`. */
export const RAIL_IDS = [
  'observe',
  'account',
  'silence',
  'maintenance',
  'dependency',
  'flapping',
  'brake',
  'log_gap',
  'rearm',
  'cooldown',
  'cap',
  'approval',
] as const;

/** Those that a person may pass over in a run of their own, saying so. */
export const PASSABLE_RAILS = [
  'observe',
  'silence',
  'maintenance',
  'dependency',
  'flapping',
  'rearm',
  'cooldown',
  'cap',
] as const satisfies readonly (typeof RAIL_IDS)[number][];

export type RailId = (typeof RAIL_IDS)[number];
