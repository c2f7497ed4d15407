import { type Clock, systemClock } from '../../src/core/host/clock.js';
import { bootId } from '../../src/core/host/process-identity.js';
import type { Ledger } from '../../src/core/ledger.js';
import { ACTION } from '../../src/core/records/audit-actions.js';
import type { AuditDraft, AuditEntry } from '../../src/core/records/audit-entry.js';
import type { NewIncident } from '../../src/core/records/incident.js';
import type { JsonObject } from '../../src/core/records/json.js';
import { clockOf, type Now } from '../../src/core/records/moment.js';
import type { KeyPlace } from '../../src/core/seal/key-file.js';
import type { Check, ProbeStatus } from '../../src/healing/check.js';
import type { Notice } from '../../src/healing/engine/draft.js';
import { type EngineTools, HealEngine } from '../../src/healing/engine/engine.js';
import { Monitor } from '../../src/healing/engine/monitor.js';
import type { EngineSetting } from '../../src/healing/engine/setting.js';
import { authorsOrder, type Policy } from '../../src/healing/engine/situation.js';
import type { HealEvent } from '../../src/healing/events.js';
import type { Playbook, Step, StepOrder, StepResult } from '../../src/healing/playbook.js';
import type { ProbeStore } from '../../src/healing/probe-store.js';
import type { Watched } from '../../src/healing/watched.js';
import { readLogs } from './cli.js';
import { openLedger } from './registry.js';
import { tempDir } from './temp-dir.js';

/** The clock of the system, put on. Both hands run on by themselves. */
export interface StandClock extends Clock {
  /** Seconds pass: on both hands. */
  pass(seconds: number): void;
  /** Somebody sets the date: UTC alone, by so many seconds. */
  setDate(seconds: number): void;
}

export function standClock(): StandClock {
  let [passed_s, set_s] = [0, 0];
  return {
    now: () => systemClock.now() + Math.round((passed_s + set_s) * 1000),
    elapsed: () => systemClock.elapsed() + passed_s,
    pass: (seconds) => {
      passed_s += seconds;
    },
    setDate: (seconds) => {
      set_s += seconds;
    },
  };
}

export interface StandCheck extends Check {
  asked: number;
}

type Answer = ProbeStatus | (() => ProbeStatus);

/** A check that says what it is told; the last answer is repeated. */
export function checkSaying(...answers: Answer[]): StandCheck {
  return namedCheck('web', ...answers);
}

export function namedCheck(name: string, ...answers: Answer[]): StandCheck {
  const check: StandCheck = {
    name,
    target: `http://${name}/`,
    failure_mode: 'api_timeout',
    severity: 'high',
    asked: 0,
    async probe() {
      const answer = answers[Math.min(check.asked++, answers.length - 1)] ?? 'unknown';
      const status = typeof answer === 'function' ? answer() : answer;
      return { status, summary: `it is ${status}`, duration_s: 0.001 };
    },
  };
  return check;
}

/** Something that is up or down. */
export interface Service {
  readonly check: StandCheck;
  becomes(status: ProbeStatus): void;
}

export function service(name = 'web', status: ProbeStatus = 'critical'): Service {
  let now = status;
  return {
    check: namedCheck(name, () => now),
    becomes: (next) => {
      now = next;
    },
  };
}

export type StandStep = StepResult['outcome'] | ((order: StepOrder) => unknown);

/** A step that ran, and what stood in the audit log at that moment. */
export interface Ran {
  readonly playbook: string;
  readonly step: string;
  readonly order: StepOrder;
  readonly actions: readonly string[];
}

export type PlaybookChange = Partial<Omit<Playbook, 'id' | 'steps' | 'rollback'>> & {
  readonly rollback?: readonly StandStep[];
  readonly repeatable?: boolean;
  readonly freesSpace?: boolean;
};

export const POLICY: Policy = {
  autonomy: { low: 'auto', medium: 'approve', high: 'never' },
  brake: { incidents: 20, within_s: 300 },
  approval_expires_s: 1800,
  rearm: { first_s: 900, most_s: 3600 },
};

export interface EngineChange extends Partial<EngineSetting> {
  readonly ledger?: Ledger;
  readonly tools?: Partial<EngineTools>;
}

export interface Stand {
  readonly dir: string;
  readonly clock: StandClock;
  readonly ledger: Ledger;
  readonly events: HealEvent[];
  readonly notices: Notice[];
  readonly ran: Ran[];
  readonly stop: AbortController;
  now(): Now;
  /** The remedies that ran, in their order. */
  acts(): string[];
  engine(change?: EngineChange): HealEngine;
  playbook(id: string, steps?: readonly StandStep[], change?: PlaybookChange): Playbook;
  /** Counts no probe twice, waits for nothing and has no limits, unless told otherwise. */
  watched(check: Check, playbooks?: readonly Playbook[], change?: Partial<Watched>): Watched;
  monitor(watched: Watched, engine?: HealEngine, store?: ProbeStore): Monitor;
  /** As a person writes it down, and as the registry then has it. */
  person(action: string, resource: string, about: Pick<AuditDraft, 'decision' | 'metadata'>): Promise<AuditEntry>;
  approve(incident_id: string, playbook_id: string, config_version?: string): Promise<AuditEntry>;
  silence(name: string, checks: readonly string[], lasts_s: number): Promise<AuditEntry>;
  releaseBrake(): Promise<AuditEntry>;
  /** Puts an incident into the log as it is. */
  put(incident: NewIncident): Promise<void>;
  incidents(): NewIncident[];
  audit(...actions: string[]): AuditEntry[];
  /** The last line of an incident; of the only one. */
  incident(id?: string): NewIncident;
}

let suffix = 0;

export function healStand(dir = tempDir(), keys?: KeyPlace): Stand {
  const clock = standClock();
  const ledger = openLedger(dir, { clock, ...(keys && { keys }) });
  const events: HealEvent[] = [];
  const notices: Notice[] = [];
  const ran: Ran[] = [];
  const stop = new AbortController();
  const emit = (event: HealEvent) => void events.push(event);

  const stand: Stand = {
    ...{ dir, clock, ledger, events, notices, ran, stop },
    now: () => ({ boot_id: bootId(), elapsed_s: clock.elapsed(), ms: clock.now() }),
    acts: () => ran.filter(({ step }) => step === 'step_0').map(({ playbook }) => playbook),
    engine({ ledger: other, tools, ...setting } = {}) {
      return new HealEngine(
        {
          ...{ ledger: other ?? ledger, clock, host: 'h', stop: stop.signal, emit },
          newSuffix: () => `s${suffix++}`,
          keep: () => undefined,
          notify: (notice) => void notices.push(notice),
          ...tools,
        },
        {
          origin: 'real',
          config_version: 'c1',
          policy: POLICY,
          account: { name: 'healer', allowed: true, rule: 'accounts.healer' },
          passOver: [],
          order: ({ playbooks }) => authorsOrder(playbooks),
          trigger: { source: 'check', ref: null },
          metadata: {},
          dependencies: async () => [],
          maintenance: () => undefined,
          ...setting,
        },
      );
    },
    playbook(id, steps = ['worked'], change = {}) {
      const { rollback = [], repeatable = false, freesSpace = false, ...rest } = change;
      const made = (what: StandStep, name: string): Step => ({
        ...{ name, destroys: 'nothing', repeatable, timeout_s: 5, freesSpace },
        async run(order) {
          ran.push({ playbook: id, step: name, order, actions: stand.audit().map(({ action }) => action) });
          if (typeof what !== 'function') return { outcome: what, exit: what };
          const answer = await what(order);
          return answer === 'failed' || answer === 'timed_out'
            ? { outcome: answer, exit: answer }
            : { outcome: 'worked', exit: 'exit 0' };
        },
      });
      return {
        ...{ id, name: id.toUpperCase(), risk: 'low' },
        steps: steps.map((what, i) => made(what, `step_${i}`)),
        rollback: rollback.map((what, i) => made(what, `undo_${i}`)),
        verify: { passes: 2, within_s: 0.02, every_s: 0.001 },
        relapse_s: 600,
        escalate: false,
        ...rest,
      };
    },
    watched(check, playbooks = [stand.playbook('p')], change = {}) {
      return {
        ...{ check, playbooks, every_s: 5, confirm: { need: 2, of: 3 }, recover: 2, start_period_s: 0, pidfiles: [] },
        ...{ flapping: { low: 0.25, high: 0.5 }, act: true, depends_on: [] },
        limits: { cooldown_s: 0, caps: [{ most: 1000, within_s: 3600 }] },
        ...change,
      };
    },
    monitor: (watched, engine = stand.engine(), store = undefined) => new Monitor(watched, { engine, store, emit }),
    async person(action, resource, { decision, metadata }) {
      const facts: JsonObject = { account: 'operator:anna', ...clockOf(stand.now()), ...metadata };
      const { entries } = await ledger.transact(() => ({
        entries: [{ actor: 'operator:anna', action, resource, decision, metadata: facts }],
        value: undefined,
      }));
      ledger.registry.sync();
      const [entry] = entries;
      if (entry === undefined) throw new Error('nothing was written');
      return entry;
    },
    approve: (incident_id, playbook_id, config_version = 'c1') =>
      stand.person(ACTION.approvalGiven, incident_id, {
        decision: { playbook_id, config_version },
        metadata: { incident_id, expires_s: POLICY.approval_expires_s },
      }),
    silence: (name, checks, lasts_s) =>
      stand.person(ACTION.silenceStarted, name, {
        decision: {},
        metadata: { checks: [...checks], lasts_s, reason: 'r' },
      }),
    releaseBrake: () => stand.person(ACTION.brakeReleased, 'brake', { decision: { reason: 'seen' }, metadata: {} }),
    async put(incident) {
      await ledger.transact(() => ({ incidents: [{ record: incident, after: null }], value: undefined }));
      ledger.registry.sync();
    },
    incidents: () => readLogs(dir).incidents,
    audit(...actions) {
      const { audit } = readLogs(dir);
      return actions.length === 0 ? audit : audit.filter(({ action }) => actions.includes(action));
    },
    incident(id) {
      const lines = stand.incidents();
      const ids = new Set(lines.map(({ incident_id }) => incident_id));
      if (id === undefined && ids.size !== 1) throw new Error(`${ids.size} incidents`);
      const last = lines.filter(({ incident_id }) => id === undefined || incident_id === id).at(-1);
      if (last === undefined) throw new Error(`no incident ${id}`);
      return last;
    },
  };
  return stand;
}

/** Looks until something was done about a failure, a few times at most; 5 s pass between two looks. */
export async function lookUntilHandled({ clock, ledger }: Pick<Stand, 'clock' | 'ledger'>, monitor: Monitor) {
  for (let looks = 0; looks < 10; looks++) {
    ledger.registry.sync();
    const looked = await monitor.look();
    if (looked.kind === 'handled') return looked.handled;
    clock.pass(monitor.watched.every_s);
  }
  throw new Error('nothing was done about it');
}
