/** What a seal shows and what it cannot, for whoever reads a verdict. The same rows stand in SECURITY.md. */
export const LIMITS: readonly (readonly [someone: string, shows_as: string, stays_hidden: string])[] = [
  ['edits, inserts, drops or reorders sealed lines', 'TAMPERED, with the line', 'nothing'],
  ['edits an incident line that is vouched for, or removes it', 'INCIDENT ALTERED, INCIDENT MISSING', 'nothing'],
  ['cuts the end off and keeps the notes', 'TRUNCATED', 'nothing'],
  [
    'rolls back log and seal together',
    'CONTRADICTS A CHECKPOINT that was kept elsewhere',
    'without one: everything since',
  ],
  ['takes the seal away', 'NO SEAL', 'nothing'],
  ['takes the key away', 'NO KEY', 'what was done since, until --rekey'],
  ['edited lines before the log was sealed', 'not at all', 'all of it'],
  ["acts with grace's own account", 'not at all', 'all of it, from then on'],
  ['steals the key', 'CONTRADICTS A CHECKPOINT, given a witness', 'entries forged from then on'],
  ['makes grace leave an entry out', 'not at all', 'completeness cannot be proven'],
  [
    'removes the oldest files of the audit log',
    'absent, covered by their hashes; the verdict stays INTACT',
    'what stood in it',
  ],
];
