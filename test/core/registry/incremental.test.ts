import { appendFileSync, existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LOG_NAMES } from '../../../src/core/journal/log-files.js';
import { orderSegments } from '../../../src/core/journal/segments.js';
import { Registry } from '../../../src/core/registry/registry.js';
import { type Dump, dumpRegistry } from '../../support/dump-registry.js';
import {
  bindingOf,
  claimEnd,
  claimEntry,
  line,
  newAudit,
  newIncident,
  oldAudit,
  oldIncident,
  pythonJson,
  taskEntry,
} from '../../support/records.js';
import { deleteRegistry, LOG_FILE, type LogName, logPath, registryOptions } from '../../support/registry.js';
import { withTempDir } from '../../support/temp-dir.js';

const VOUCHED_FOR = [
  newIncident({ trigger: { source: 'alert', ref: 'r1' } }),
  newIncident({ status: 'remediating', actions_taken: ['restart'] }),
  newIncident({ status: 'resolved', verification: { status: 'verified', by: 'web', passes: 2, at: null } }),
  newIncident({ status: 'detected', relapses: 1 }),
  newIncident({ incident_id: oldIncident().incident_id, error: 'taken over from the old system' }),
];
const RECORDS: Record<LogName, string[]> = {
  incidents: [
    line(oldIncident()),
    `${pythonJson(oldIncident({ status: 'resolved', success: true, mttr_seconds: 0.077785 }))}\n`,
    ...VOUCHED_FOR.map(line),
    line(oldIncident({ incident_id: 'other', severity: 'low', metadata: { simulated: true } })),
    line(oldIncident({ incident_id: 'nul\0 and \ud800', error: 'é🔥' })),
  ],
  audit: [
    line(oldAudit()),
    line(oldAudit({ actor: 'learner', action: 'train' })),
    line(newAudit({ actor: 'a\0b', action: 'c' })),
    line(newAudit({ actor: 'a', action: 'b\0c' })),
    line(newAudit({ action: 'incident_snapshot', metadata: { offset: 0, length: 9, sha256: 'ab' } })),
    line(claimEntry('claim-1')),
    line(claimEntry('claim-2', { incident_id: 'other' })),
    line(claimEnd('claim-1')),
    line(claimEnd('claim-1', 'failed')),
    line(taskEntry('task_registered', 'j1')),
    line(taskEntry('task_started', 'j1')),
    line(taskEntry('task_progress', 'j1', { progress: 30 })),
    line(taskEntry('task_completed', 'j1', { duration_seconds: 3 })),
    line(oldAudit({ action: 'task_started' })),
  ],
};
const GARBAGE = ['\n', 'not json\n', '{"a":1,"a":2}\n', '{}\n', '\0\0\0\0\n', '\xff\xfe\n', `${'x'.repeat(3000)}\n`];

type Op =
  | { do: 'append' | 'garbage'; log: LogName; pick: number }
  | { do: 'vouch'; pick: number; between: 'nothing' | 'sync' | 'quick' | 'rotate' }
  | { do: 'stub'; log: LogName }
  | { do: 'late'; log: LogName; pick: number }
  | { do: 'rotate'; log: LogName; create: boolean }
  | { do: 'sync'; quick: boolean }
  | { do: 'reopen'; forget: boolean };

const log = fc.constantFrom<LogName>('incidents', 'audit');
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('append' as const), log, pick: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('garbage' as const), log, pick: fc.nat(50) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('vouch' as const),
      pick: fc.nat(50),
      between: fc.constantFrom('nothing' as const, 'sync' as const, 'quick' as const, 'rotate' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stub' as const), log }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('late' as const), log, pick: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('rotate' as const), log, create: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('sync' as const), quick: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const), forget: fc.boolean() }) },
);

/** As logrotate does it: the oldest first, each one number up, the live one to `.1`. */
function rotate(dir: string, name: LogName, create: boolean): void {
  const files = orderSegments(LOG_FILE[name], readdirSync(dir));
  if (!existsSync(logPath(dir, name))) return;
  for (const file of files) {
    const n = Number(file.slice(LOG_FILE[name].length + 1));
    renameSync(join(dir, file), join(dir, `${LOG_FILE[name]}.${n + 1}`));
  }
  if (create) writeFileSync(logPath(dir, name), '');
}

const append = (dir: string, name: LogName, text: string) => appendFileSync(logPath(dir, name), text, 'latin1');
const asLatin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
const pickOf = <T>(list: readonly T[], n: number) => list[n % list.length] as T;

function rebuilt(dir: string): Dump {
  deleteRegistry(dir);
  const registry = new Registry(dir, registryOptions());
  try {
    registry.sync();
    return dumpRegistry(registry);
  } finally {
    registry.close();
  }
}

/** What this test has found. */
const FOUND_BEFORE: [Op[], boolean][] = [
  [
    // The quick look at an empty file did not see the one before it.
    [
      { do: 'sync', quick: false },
      { do: 'append', log: 'incidents', pick: 0 },
      { do: 'rotate', log: 'incidents', create: true },
    ],
    true,
  ],
  ...LOG_NAMES.map((name): [Op[], boolean] => [
    // A file of which only a stub had been seen kept the number of its first line when the file before it grew.
    [
      { do: 'append', log: name, pick: 0 },
      { do: 'rotate', log: name, create: false },
      { do: 'stub', log: name },
      { do: 'sync', quick: false },
      { do: 'garbage', log: name, pick: 0 },
      { do: 'append', log: name, pick: 0 },
      { do: 'late', log: name, pick: 0 },
    ],
    false,
  ]),
  ...LOG_NAMES.map((name): [Op[], boolean] => [
    // Lines that came into an older file were folded after those of the newer one.
    [
      { do: 'append', log: name, pick: 2 },
      { do: 'rotate', log: name, create: false },
      { do: 'append', log: name, pick: 3 },
      { do: 'sync', quick: false },
      { do: 'late', log: name, pick: 4 },
    ],
    false,
  ]),
];

it('kept up through anything that happens to the logs, it equals one built from nothing', () => {
  fc.assert(
    fc.property(fc.array(op, { minLength: 3, maxLength: 25 }), fc.boolean(), (ops, quickAtLast) =>
      withTempDir((dir) => {
        let registry = new Registry(dir, registryOptions());
        /** A quick look does not see what older files got. */
        let unseen = false;
        /** A line was read, perhaps, before the entry that vouches for it. */
        let early = false;
        try {
          for (const step of ops) {
            switch (step.do) {
              case 'append':
                append(dir, step.log, asLatin1(pickOf(RECORDS[step.log], step.pick)));
                early ||= step.log === 'incidents';
                break;
              case 'vouch': {
                const record = pickOf(VOUCHED_FOR, step.pick);
                const offset = statSync(logPath(dir, 'incidents'), { throwIfNoEntry: false })?.size ?? 0;
                append(dir, 'incidents', asLatin1(line(record)));
                if (step.between === 'rotate') rotate(dir, 'incidents', true);
                else if (step.between !== 'nothing') registry.sync({ quick: step.between === 'quick' });
                early ||= step.between !== 'nothing';
                append(dir, 'audit', line(bindingOf(offset, record)));
                break;
              }
              case 'garbage':
                append(dir, step.log, pickOf(GARBAGE, step.pick));
                break;
              case 'stub':
                append(dir, step.log, '{"incident_id": "cut o');
                break;
              case 'late':
                // A writer that has not noticed the rotation.
                if (existsSync(`${logPath(dir, step.log)}.1`)) {
                  appendFileSync(`${logPath(dir, step.log)}.1`, pickOf(RECORDS[step.log], step.pick));
                  unseen = true;
                }
                break;
              case 'rotate':
                rotate(dir, step.log, step.create);
                break;
              case 'sync':
                registry.sync({ quick: step.quick });
                break;
              case 'reopen':
                registry.close();
                if (step.forget) deleteRegistry(dir);
                registry = new Registry(dir, registryOptions());
                break;
            }
          }
          registry.sync({ quick: quickAtLast && !unseen });
          expect(registry.notes).toMatchObject({ temporary: undefined, kept: undefined, losses: [] });
          if (!unseen && !early) expect(registry.notes.rebuilt).toBeUndefined();
          const kept = dumpRegistry(registry);
          registry.close();
          expect(kept).toEqual(rebuilt(dir));
          expect(linesIn(kept), 'each line is somewhere').toEqual(linesOnDisk(dir));
        } finally {
          registry.close();
        }
      }),
    ),
    { numRuns: 150, examples: FOUND_BEFORE },
  );
});

function linesIn(dump: Dump): Record<LogName, number> {
  const quarantined = (name: LogName) =>
    (dump.quarantine ?? []).filter((row) => (JSON.parse(row) as { log: string }).log === name).length;
  return {
    incidents: (dump.incident_lines ?? []).length + quarantined('incidents'),
    audit: (dump.audit_entries ?? []).length + quarantined('audit'),
  };
}

function linesOnDisk(dir: string): Record<LogName, number> {
  const count = (name: LogName) =>
    orderSegments(LOG_FILE[name], readdirSync(dir))
      .map((file) => readFileSync(join(dir, file), 'latin1').split('\n').length - 1)
      .reduce((sum, n) => sum + n, 0);
  return { incidents: count('incidents'), audit: count('audit') };
}

it('depends on the bytes of the two logs, not on how they came in between each other', () => {
  const sequence = (name: LogName) =>
    fc.array(
      fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...RECORDS[name]).map(asLatin1) }, fc.constantFrom(...GARBAGE)),
      {
        maxLength: 15,
      },
    );
  const schedule = fc.array(fc.record({ log, sync: fc.boolean(), quick: fc.boolean() }), { maxLength: 40 });
  const play = (logs: Record<LogName, string[]>, steps: { log: LogName; sync: boolean; quick: boolean }[]) =>
    withTempDir((dir) => {
      const registry = new Registry(dir, registryOptions());
      try {
        const left = { incidents: [...logs.incidents], audit: [...logs.audit] };
        for (const step of steps) {
          append(dir, step.log, left[step.log].shift() ?? '');
          if (step.sync) registry.sync({ quick: step.quick });
        }
        for (const name of ['incidents', 'audit'] as const) append(dir, name, left[name].join(''));
        registry.sync();
        const dump = dumpRegistry(registry);
        const segments = (dump.segments ?? []).map((row) => JSON.stringify({ ...JSON.parse(row), dev: 0, ino: 0 }));
        return { ...dump, segments };
      } finally {
        registry.close();
      }
    });
  /** Lines of the audit log, and among them, anywhere, entries that vouch for some of the incident lines. */
  const logs = fc
    .tuple(
      sequence('audit'),
      fc.array(
        fc.oneof(
          fc.constantFrom(...VOUCHED_FOR).map((record) => ({ record })),
          sequence('incidents').map((texts) => ({ text: texts.join('') })),
        ),
        { maxLength: 8 },
      ),
      fc.array(fc.nat(20), { minLength: 8, maxLength: 8 }),
    )
    .map(([others, pieces, places]) => {
      const audit = [...others];
      let offset = 0;
      const incidents = pieces.map((piece, i) => {
        const text = 'text' in piece ? piece.text : asLatin1(line(piece.record));
        const at = places[i] ?? 0;
        // Some stay without.
        if ('record' in piece && at < 18) audit.splice(at, 0, line(bindingOf(offset, piece.record)));
        offset += text.length;
        return text;
      });
      return { incidents, audit };
    });
  fc.assert(
    fc.property(logs, schedule, schedule, (both, one, other) => {
      expect(play(both, one)).toEqual(play(both, other));
    }),
    { numRuns: 60 },
  );
});
