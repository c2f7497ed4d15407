import { appendFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { systemClock } from '../../../src/core/host/clock.js';
import { isAlive, ownIdentity } from '../../../src/core/host/process-identity.js';
import { type Draft, Ledger } from '../../../src/core/ledger.js';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import { type ClaimRequest, type ClaimVerdict, claimMetadata, decideClaim } from '../../../src/core/records/claim.js';
import { INCIDENT_SCHEMA, type NewIncident } from '../../../src/core/records/incident.js';
import { formatInstant } from '../../../src/core/records/time.js';
import type { KeyPlace } from '../../../src/core/seal/key-file.js';

/**
 * What the fault harness does to the core, written once: the programs that are killed do it in a process of their own,
 * the checks do it again in the test's process to see what the next record finds.
 */

export const ACTS_FILE = 'acts.log';

/** Logs in a directory of this name are sealed with a key whose file was named; else it is named after the log. */
export const WITH_NAMED_KEY = 'logs-with-named-key';

/** Beside the logs, so that a scenario has its own. */
export function keysOf(dir: string): KeyPlace & { readonly directory: string } {
  const directory = join(dir, '..', 'keys');
  return { directory, named: basename(dir) === WITH_NAMED_KEY ? join(directory, 'log.key') : undefined };
}

/** A ledger that seals. */
export function openLedger(dir: string, unique: string): Ledger {
  return new Ledger({
    dir,
    clock: systemClock,
    invocation: 'grace',
    unique,
    jitter: Math.random,
    keys: keysOf(dir),
  });
}

/** A ledger as grace had it before it sealed anything. */
export function openUnsealed(dir: string, unique: string): Ledger {
  return new Ledger({ dir, clock: systemClock, invocation: 'grace', unique, jitter: Math.random });
}

export function incidentOf(incident_id: string, over: Partial<NewIncident> = {}): NewIncident {
  return {
    incident_id,
    detected_at: formatInstant(systemClock.now()),
    resolved_at: null,
    status: 'detected',
    playbook_id: null,
    playbook_name: null,
    failure_mode: 'port_in_use',
    severity: 'high',
    mttr_seconds: null,
    actions_taken: [],
    success: false,
    error: null,
    metadata: {},
    schema: INCIDENT_SCHEMA,
    host: 'h',
    boot_id: 'b',
    check: 'web',
    target: 'port:8080',
    origin: 'real',
    onset_at: null,
    timings: { confirm_s: null, decide_s: null, act_s: null, verify_s: null },
    attempts: [],
    attempts_dropped: 0,
    verification: { status: 'unverified', by: null, passes: 0, at: null },
    resolution: 'none',
    relapses: 0,
    config_version: null,
    arm: null,
    propensity: null,
    trigger: { source: 'fault-harness', ref: incident_id },
    ...over,
  };
}

/** One acknowledged record, `NAME`: a line in either log, and the entry that binds the two. */
export async function appendRecord(ledger: Ledger, name: string): Promise<void> {
  await ledger.transact(() => ({
    incidents: [{ record: incidentOf(name), after: null }],
    entries: [
      { actor: 'fault-harness', action: 'fault_append', resource: name, decision: {}, metadata: { of: 'append' } },
    ],
    value: undefined,
  }));
}

export interface ClaimHooks {
  /** Called between the steps, where a scheduler may stop us. */
  pause(): void;
  say(line: string): void;
}

/**
 * Opens the incident unless it is known, claims its remedy as the healing engine does, acts (a line in `acts.log`), and
 * ends the claim. Settles nothing that it finds.
 */
export async function claimAndAct(ledger: Ledger, dir: string, incident_id: string, hooks: ClaimHooks): Promise<void> {
  const target = `port:${incident_id}`;
  const owner = ownIdentity();
  hooks.pause();
  const opened = await ledger.transact((view) => {
    const known = view.incident(incident_id);
    if (known) return { value: known.hash };
    const record = incidentOf(incident_id, { target });
    return { incidents: [{ record, after: null }], value: undefined };
  });
  const predecessor = opened.value ?? opened.hashes[0] ?? '';
  const request: ClaimRequest = { incident_id, target, playbook_id: 'restart-web', predecessor };
  hooks.pause();
  const claimed = await ledger.transact((view): Draft<ClaimVerdict> => {
    const situation = { incident: view.incident(incident_id), open: view.openClaims(incident_id, target) };
    const verdict = decideClaim(request, situation, isAlive);
    if (!verdict.granted) return { value: verdict };
    const actor = 'fault-harness';
    const metadata = claimMetadata(request, owner);
    return {
      entries: [{ actor, action: ACTION.remedyClaimed, resource: incident_id, decision: {}, metadata }],
      value: verdict,
    };
  });
  if (!claimed.value.granted) {
    hooks.say(`REFUSED ${incident_id} ${claimed.value.reason}`);
    return;
  }
  const claim = claimed.entries.at(-1)?.entry_id ?? '';
  hooks.say(`CLAIMED ${claim}`);
  hooks.pause();
  appendFileSync(join(dir, ACTS_FILE), `${incident_id} ${claim}\n`);
  hooks.pause();
  await ledger.transact((view) => {
    const known = view.incident(incident_id);
    const ended = {
      actor: 'fault-harness',
      action: ACTION.remedyEnded,
      resource: incident_id,
      decision: { outcome: 'worked' },
      metadata: { claim, incident_id },
    };
    const now = formatInstant(systemClock.now());
    const record = incidentOf(incident_id, {
      target,
      status: 'resolved',
      resolved_at: now,
      success: true,
      actions_taken: ['restart-web'],
    });
    return { incidents: [{ record, after: known?.hash ?? null }], entries: [ended], value: undefined };
  });
  hooks.say(`ENDED ${claim}`);
}
