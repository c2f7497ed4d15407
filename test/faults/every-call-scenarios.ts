import { appendFileSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { formatCheckpoint } from '../../src/core/audit/checkpoint.js';
import { EMPTY_ROOT } from '../../src/core/audit/hash.js';
import { parseVerifierKey } from '../../src/core/audit/keys.js';
import { TILE_WIDTH, tilePath } from '../../src/core/audit/tile.js';
import { LOG_FILE, LOG_NAMES, logPath } from '../../src/core/journal/log-files.js';
import type { Ledger } from '../../src/core/ledger.js';
import { REGISTRY_FILE } from '../../src/core/registry/registry.js';
import { SIDECAR_FILE, sidecarPath } from '../../src/core/seal/sidecar.js';
import { inspect, logBytes, look, openRegistry, recoverTwice } from '../support/fault-evidence.js';
import { line, oldAudit } from '../support/records.js';
import type { Programs } from './bundle.js';
import { staleRegistry, type Violation } from './checks.js';
import {
  ACTS_FILE,
  appendRecord,
  claimAndAct,
  keysOf,
  openLedger,
  openUnsealed,
  WITH_NAMED_KEY,
} from './programs/scenarios.js';
import { acknowledgedNotes, sealedBytes, takenAsOwn, wrongPosition, wrongSeal } from './seal-checks.js';

export interface Scenario {
  readonly name: string;
  readonly program: keyof Programs;
  readonly writer: string;
  /** Name of the log directory. */
  readonly logs: string;
  args(dir: string): string[];
  /** Groups of files, so that one group's calls come from one thread, or two at the most, and can be counted. */
  files(dir: string): Record<string, string[]>;
  /** By default `kills and errors`. */
  readonly faults?: 'kills';
  /** Groups whose calls meet one error each, once or from then on: others have more of the kind. */
  readonly oneError?: readonly string[];
  /** Only these: by default all that change something, or open what will be changed. */
  readonly calls?: readonly string[];
  /** The machine lost its power, too: what was not synced when the program was killed is gone. Leaves whatever may be. */
  loseUnsynced?(dir: string, acks: readonly string[]): void;
  /** Puts the log directory into the state in which the program finds it; names the records that stand there. */
  prepare(dir: string): Promise<string[]>;
  /** What else is there when the program starts. */
  enter?(dir: string): Promise<void>;
  /** What comes after the fault: recovery, then the next record. Names the records it was told are durable. */
  succeed(dir: string): Promise<{ acks: string[]; violations: Violation[] }>;
}

function filesOf(dir: string, writer: string) {
  const db = join(dir, REGISTRY_FILE);
  const aside = `${db}.new-${writer}`;
  const keys = keysOf(dir);
  const made = existsSync(keys.directory) ? readdirSync(keys.directory) : [];
  const known = keys.named === undefined ? made.map((name) => join(keys.directory, name)) : [keys.named];
  return {
    logs: [dir, logPath(dir, 'incidents'), logPath(dir, 'audit')],
    sidecar: sidecarFiles(dir),
    keys: [keys.directory, ...known],
    registry: [db, `${db}-wal`, `${db}-shm`, aside, `${aside}-journal`],
    locks: [join(dir, 'ledger.lock'), join(dir, 'registry.lock')],
  };
}

/** As far as the first full tile. */
function sidecarFiles(dir: string): string[] {
  const { checkpoints, ...replaced } = SIDECAR_FILE;
  const whole = [...Object.values(replaced), 'leaves.0', 'leaves.1', tilePath(0, 0)];
  const names = [checkpoints, 'tile', 'tile/0', ...whole, ...whole.map((name) => `${name}.new`)];
  return [sidecarPath(dir), ...names.map((name) => sidecarPath(dir, name))];
}

/** Two records, and in either log and in the file of notes the stub of one more, as a full disk or a kill leaves it. */
async function prepareTornLogs(dir: string): Promise<string[]> {
  mkdirSync(dir, { mode: 0o750 });
  const ledger = openLedger(dir, 'seed');
  for (const n of [1, 2]) await appendRecord(ledger, `seed-${n}`);
  ledger.registry.sync();
  ledger.close();
  tearLogs(dir, 6);
  const vkey = parseVerifierKey((look(dir).seal?.vkey ?? '').trimEnd());
  if (!vkey.ok) throw new Error(vkey.reason);
  const note = formatCheckpoint({ origin: vkey.key.name, size: 6, root: EMPTY_ROOT });
  appendFileSync(sidecarPath(dir, SIDECAR_FILE.checkpoints), note.slice(0, -10));
  return ['seed-1', 'seed-2'];
}

function tearLogs(dir: string, line: number): void {
  appendFileSync(join(dir, LOG_FILE.incidents), '{"incident_id":"torn-1","detec');
  appendFileSync(join(dir, LOG_FILE.audit), `{"entry_id":"log_${line}_20250101000000000000","times`);
}

async function succeedByAppending(dir: string) {
  const violations = await recoverTwice(dir);
  const ledger = openLedger(dir, 'next');
  await appendRecord(ledger, 'next-1');
  ledger.close();
  return { acks: ['next-1'], violations: [...violations, ...oldCopy(dir)] };
}

/** Whoever has signed and ended puts the newest note where everybody finds it. */
function oldCopy(dir: string): Violation[] {
  const { seal } = look(dir);
  if (seal?.copy !== undefined && seal.notes.toString('latin1').endsWith(seal.copy)) return [];
  return [{ kind: 'false note', what: 'the copy of the newest note is old' }];
}

const appending = {
  program: 'append',
  writer: 'w',
  logs: 'logs',
  args: (dir: string) => [dir, 'w', '2'],
  files: (dir: string) => filesOf(dir, 'w'),
  oneError: ['sidecar', 'keys'],
  succeed: succeedByAppending,
} as const;

/** Records appended to logs that an earlier crash has torn. */
export const APPEND: Scenario = { ...appending, name: 'append', prepare: prepareTornLogs };

/** The first record of all: directory, logs, registry, key and seal are made. */
export const APPEND_FIRST: Scenario = {
  ...appending,
  name: 'append (first record)',
  logs: WITH_NAMED_KEY,
  files: (dir) => {
    const files = filesOf(dir, 'w');
    return { ...files, logs: [`${dir}/..`, ...files.logs] };
  },
  args: (dir) => [dir, 'w', '1'],
  prepare: async () => [],
};

/** Logs that grace kept before it sealed any, torn by an earlier crash. Registry and locks are as in {@link APPEND}. */
export const ADOPT: Scenario = {
  ...appending,
  name: 'adopt',
  logs: WITH_NAMED_KEY,
  oneError: ['logs', 'sidecar', 'keys'],
  files: (dir) => {
    const { logs, sidecar, keys } = filesOf(dir, 'w');
    return { logs, sidecar, keys };
  },
  async prepare(dir) {
    mkdirSync(dir, { mode: 0o750 });
    const ledger = openUnsealed(dir, 'seed');
    for (const n of [1, 2]) await appendRecord(ledger, `seed-${n}`);
    ledger.close();
    tearLogs(dir, 5);
    return ['seed-1', 'seed-2'];
  },
};

/** The adoption of a log, and a record of two entries. */
const LINES_OF_FIRST_RECORD = 3;

/** The first full tile: the first record completes it and has a leaf left over, the second follows it. */
export const SEAL: Scenario = {
  ...appending,
  name: 'seal',
  oneError: ['logs', 'sidecar'],
  files: (dir) => {
    const { logs, sidecar } = filesOf(dir, 'w');
    return { logs, sidecar };
  },
  async prepare(dir) {
    mkdirSync(dir, { mode: 0o750 });
    const old = Array.from({ length: TILE_WIDTH - 1 - LINES_OF_FIRST_RECORD }, (_, i) =>
      line(oldAudit({ entry_id: `log_${i + 1}_20251114064926259597` })),
    );
    appendFileSync(logPath(dir, 'audit'), old.join(''));
    const ledger = openLedger(dir, 'seed');
    await appendRecord(ledger, 'seed-1');
    ledger.close();
    return ['seed-1'];
  },
};

/** Between these nothing is on the disk that was not there before. */
const CHANGING = ['write', 'pwrite64', 'fdatasync', 'rename', 'unlink', 'mkdir'];

const neighbours = new Map<string, Ledger>();

/** Another process has the same log open all the while, and is the next to write. */
export const SEAL_BESIDE: Scenario = {
  ...SEAL,
  name: 'seal (beside a live process)',
  faults: 'kills',
  calls: CHANGING,
  async enter(dir) {
    const neighbour = openLedger(dir, 'neighbour');
    neighbours.set(dir, neighbour);
    await neighbour.recover();
  },
  async succeed(dir) {
    const neighbour = neighbours.get(dir) ?? openLedger(dir, 'neighbour');
    neighbours.delete(dir);
    const left = look(dir);
    const names = ['neighbour-1', 'neighbour-2'];
    try {
      for (const name of names) await appendRecord(neighbour, name);
    } finally {
      neighbour.close();
    }
    const after = look(dir);
    const { acks, violations } = await SEAL.succeed(dir);
    const odd = [...wrongSeal(after, names), ...wrongPosition(after), ...takenAsOwn(left, after)];
    return { acks: [...names, ...acks], violations: [...odd, ...violations] };
  },
};

const cutting = {
  ...SEAL,
  faults: 'kills',
  calls: CHANGING,
  async succeed(dir: string) {
    const violations = await recoverTwice(dir);
    // Before anything is appended: what was put right is what a reader rests on.
    violations.push(...staleRegistry(inspect(dir, [])));
    const next = await SEAL.succeed(dir);
    return { acks: next.acks, violations: [...violations, ...next.violations] };
  },
} as const;

/** The newest notes had not reached the disk; position, tiles and leaves had. */
export const SEAL_NOTES_LOST: Scenario = {
  ...cutting,
  name: 'seal (notes lost)',
  loseUnsynced(dir, acks) {
    truncateSync(sidecarPath(dir, SIDECAR_FILE.checkpoints), acknowledgedNotes(look(dir), acks));
  },
};

/** The newest entries had not reached the disk, as far as no note covers them; position and leaves had. */
export const SEAL_ENTRIES_LOST: Scenario = {
  ...cutting,
  name: 'seal (entries lost)',
  loseUnsynced(dir) {
    truncateSync(logPath(dir, 'audit'), sealedBytes(look(dir)));
  },
};

const INCIDENT = 'incident-1';

/** A claim is granted, the remedy runs, the claim ends; whoever comes after must not run it again. */
export const CLAIM: Scenario = {
  name: 'claim',
  program: 'claim',
  writer: 'w',
  logs: 'logs',
  args: (dir) => [dir, 'w', INCIDENT],
  files: (dir) => ({ ...filesOf(dir, 'w'), acts: [join(dir, ACTS_FILE)] }),
  oneError: ['sidecar', 'keys'],
  prepare: prepareTornLogs,
  async succeed(dir) {
    const violations = await recoverTwice(dir);
    const ledger = openLedger(dir, 'next');
    await claimAndAct(ledger, dir, INCIDENT, { pause: () => {}, say: () => {} });
    await appendRecord(ledger, 'next-1');
    ledger.close();
    return { acks: ['next-1'], violations: [...violations, ...oldCopy(dir)] };
  },
};

/** Logs of which the registry has read the first half, or nothing. */
async function prepareHalfProjected(dir: string, projected: boolean): Promise<string[]> {
  const db = join(dir, REGISTRY_FILE);
  const acks = await prepareTornLogs(dir);
  copyFileSync(db, `${db}.half`);
  await recoverTwice(dir);
  const ledger = openLedger(dir, 'seed');
  await claimAndAct(ledger, dir, INCIDENT, { pause: () => {}, say: () => {} });
  ledger.close();
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${db}${suffix}`, { force: true });
  if (projected) copyFileSync(`${db}.half`, db);
  rmSync(`${db}.half`);
  return acks;
}

async function succeedByProjecting(dir: string) {
  const before = logBytes(dir);
  const registry = openRegistry(dir, 'next');
  registry.sync();
  registry.close();
  const after = logBytes(dir);
  const same = LOG_NAMES.every((log) => Buffer.concat(before[log]).equals(Buffer.concat(after[log])));
  const violations: Violation[] = same ? [] : [{ kind: 'damaged', what: 'projecting has changed a log' }];
  return { acks: [], violations };
}

const projecting = {
  program: 'project',
  writer: 'w',
  logs: 'logs',
  args: (dir: string) => [dir, 'w'],
  files: (dir: string) => filesOf(dir, 'w'),
  succeed: succeedByProjecting,
} as const;

/** The registry reads on from where it stood. */
export const PROJECT: Scenario = { ...projecting, name: 'project', prepare: (dir) => prepareHalfProjected(dir, true) };

/** There is no registry yet. */
export const PROJECT_FIRST: Scenario = {
  ...projecting,
  name: 'project (no registry)',
  prepare: (dir) => prepareHalfProjected(dir, false),
};

/** The registry is there and is built anew in its place. */
export const PROJECT_ANEW: Scenario = {
  ...projecting,
  name: 'project (anew)',
  args: (dir) => [dir, 'w', 'rebuild'],
  prepare: (dir) => prepareHalfProjected(dir, true),
};

export const SCENARIOS: readonly Scenario[] = [
  APPEND,
  APPEND_FIRST,
  ADOPT,
  SEAL,
  SEAL_BESIDE,
  SEAL_NOTES_LOST,
  SEAL_ENTRIES_LOST,
  PROJECT,
  PROJECT_FIRST,
  PROJECT_ANEW,
  CLAIM,
];
