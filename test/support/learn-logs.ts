import { join } from 'node:path';
import { systemClock } from '../../src/core/host/clock.js';
import { bootId, ownIdentity } from '../../src/core/host/process-identity.js';
import type { Ledger } from '../../src/core/ledger.js';
import { ACTION } from '../../src/core/records/audit-actions.js';
import type { AuditDraft } from '../../src/core/records/audit-entry.js';
import { cliEnv } from './cli.js';
import type { HealHost } from './heal-host.js';
import { openLedger } from './registry.js';

/** One attempt of an episode, as healing writes it down. */
export interface Attempt {
  readonly playbook: string;
  readonly outcome: 'worked' | 'failed' | 'timed_out' | 'unknown';
  /** Of the steps, and of the wait for health. */
  readonly act_s?: number;
  readonly verify_s?: number | null;
}

/** An episode of a real incident that healing has handled in some order. */
export interface PastIncident {
  readonly id: string;
  readonly check?: string;
  readonly order?: readonly string[];
  readonly tried: readonly Attempt[];
  readonly relapse_s?: number;
  /** Seconds since its last attempt ended, by the monotonic clock. */
  readonly ended_ago_s?: number;
  readonly config_version?: string;
  readonly relapse?: number;
}

const boot_id = bootId();
const clockAt = (elapsed_s: number) => ({ clock: { boot_id, elapsed_s } });

/** A ledger on the logs of a host, with the keys that the program uses there. */
export function ledgerOf(host: HealHost): Ledger {
  return openLedger(host.logs, { keys: { directory: join(cliEnv().XDG_STATE_HOME ?? '', 'grace/keys') } });
}

/** Writes episodes as the engine does: openings and claims, and then how each ended. */
export async function writeEpisodes(ledger: Ledger, episodes: readonly PastIncident[]): Promise<void> {
  const now = systemClock.elapsed();
  const at = systemClock.now();
  const claims: { readonly episode: PastIncident; readonly attempt: Attempt; readonly granted: number }[] = [];
  const first: AuditDraft[] = [];
  const places: number[] = [];
  for (const episode of episodes) {
    const { id, check = 'web', tried, relapse_s = 0, ended_ago_s = 60, config_version = 'c1', relapse = 0 } = episode;
    const order = episode.order ?? ['reload', 'restart'];
    const took = tried.reduce((sum, one) => sum + (one.act_s ?? 1) + (one.verify_s ?? 1), 0);
    const onset = now - ended_ago_s - took;
    first.push({
      ...{ actor: 'healer', action: ACTION.incidentOpened, resource: id },
      decision: {
        ...{ relapse, arm: 'author', propensity: 1, order: [...order], holdout_share: 1, frozen: true },
        ...{ predicted: null, version: null },
      },
      metadata: {
        ...{ incident_id: id, check, target: `the ${check}`, failure_mode: 'api_timeout', origin: 'real' },
        onset: { boot_id, elapsed_s: onset, at: new Date(at - (now - onset) * 1000).toISOString() },
        ...{ relapse_s, config_version, ...clockAt(onset) },
      },
    });
    let begun = onset;
    for (const attempt of tried) {
      places.push(first.length);
      claims.push({ episode, attempt, granted: begun });
      first.push({
        ...{ actor: 'healer', action: ACTION.remedyClaimed, resource: id },
        decision: { granted: true },
        metadata: {
          ...{ incident_id: id, target: `the ${check}`, playbook_id: attempt.playbook, predecessor: '0' },
          ...{ owner: { ...ownIdentity() }, config_version, ...clockAt(begun) },
        },
      });
      begun += (attempt.act_s ?? 1) + (attempt.verify_s ?? 1);
    }
  }
  const { entries } = await ledger.transact(() => ({ entries: first, value: undefined }));
  const ends = claims.map(({ episode, attempt, granted }, i): AuditDraft => {
    const { id, relapse_s = 0 } = episode;
    const { outcome, act_s = 1, verify_s = 1 } = attempt;
    return {
      ...{ actor: 'healer', action: ACTION.remedyEnded, resource: id },
      decision: { outcome, verified: outcome === 'worked' },
      metadata: {
        ...{ claim: entries[places[i] ?? 0]?.entry_id ?? '', incident_id: id, act_s, verify_s, within_s: 30 },
        ...{ relapse_s, ...clockAt(granted + act_s + (verify_s ?? 0)) },
      },
    };
  });
  await ledger.transact(() => ({ entries: ends, value: undefined }));
}

/** A check `web` of whose remedies the author put `reload` first. */
export function learningConfig(learning: object = { mode: 'propose' }, more: object = {}): object {
  const playbook = { risk: 'low', steps: [{ run: ['/bin/true'] }], takes: '10s' };
  return {
    version: 1,
    checks: { web: { command: { run: ['/bin/true'] }, heal: ['reload', 'restart'], failure_mode: 'api_timeout' } },
    playbooks: { reload: playbook, restart: playbook },
    learning,
    ...more,
  };
}

/** `n` episodes in which `reload` failed and `restart` worked. */
export function restartsWorked(n: number, from = 0, change: Partial<PastIncident> = {}): PastIncident[] {
  return Array.from({ length: n }, (_, i) => ({
    id: `inc-${from + i}`,
    tried: [
      { playbook: 'reload', outcome: 'failed', act_s: 20, verify_s: 30 },
      { playbook: 'restart', outcome: 'worked', act_s: 2, verify_s: 1 },
    ],
    ...change,
  }));
}
