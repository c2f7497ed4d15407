import { setTimeout as delay } from 'node:timers/promises';
import type { NewIncident } from '../../core/records/incident.js';
import { formatInstant } from '../../core/records/time.js';
import type { Probe } from '../check.js';
import type { HealEvent } from '../events.js';
import type { ProbeStore } from '../probe-store.js';
import type { Watched } from '../watched.js';
import type { Handled, HealEngine } from './engine.js';
import {
  afterProbe,
  confirmedFailure,
  type Failure,
  isUndecided,
  NOTHING_SEEN,
  type SoftState,
  startAgain,
} from './soft-state.js';

/** What one look at a check has led to. */
export type Looked =
  | { readonly kind: 'healthy' | 'not_confirmed' | 'in_start_period'; readonly probe: Probe }
  /** The check could not run: never a reason to act. */
  | { readonly kind: 'could_not_tell'; readonly probe: Probe }
  | { readonly kind: 'recovered'; readonly probe: Probe; readonly incident: NewIncident }
  | { readonly kind: 'handled'; readonly probe: Probe; readonly handled: Handled };

export interface MonitorTools {
  readonly engine: HealEngine;
  /** Without it what was seen is forgotten with this process. */
  readonly store: ProbeStore | undefined;
  readonly emit: (event: HealEvent) => void;
}

/** One check over time: probes it, remembers what it saw, and has a confirmed failure dealt with. */
export class Monitor {
  readonly watched: Watched;
  readonly #tools: MonitorTools;
  #state: SoftState;

  constructor(watched: Watched, tools: MonitorTools) {
    this.watched = watched;
    this.#tools = tools;
    this.#state = tools.store?.state(watched.check.name) ?? NOTHING_SEEN;
  }

  get state(): SoftState {
    return this.#state;
  }

  /** After the watch has begun: what starts with the host gets its time. */
  giveStartPeriod(): void {
    this.#state = startAgain(this.#state, this.#tools.engine.now(), this.watched.start_period_s);
  }

  /** Looks once; confirms over several calls. */
  async look(): Promise<Looked> {
    const { watched } = this;
    const { engine } = this.#tools;
    const probe = await this.#probe('detect');
    if (probe.status === 'unknown') return { kind: 'could_not_tell', probe };
    const failure = confirmedFailure(this.#state, watched.confirm, engine.now());
    if (failure) return { kind: 'handled', probe, handled: await this.#handle(failure) };
    if (probe.status === 'critical') {
      const inGrace = this.#state.grace !== null && this.#state.seen.length === 0;
      return { kind: inGrace ? 'in_start_period' : 'not_confirmed', probe };
    }
    if (this.#state.passes < watched.recover) return { kind: 'healthy', probe };
    const incident = await engine.recover(watched, this.#state.passes);
    return incident === undefined ? { kind: 'healthy', probe } : { kind: 'recovered', probe, incident };
  }

  /**
   * Looks until it is clear how things stand, `every_s` between two probes: a pass that nobody follows up. A failure is
   * confirmed within it, and the recovery of an open incident is, too. What goes up and down all the time is left to the
   * next pass.
   */
  async lookUntilClear(every_s: number, stop: AbortSignal): Promise<Looked> {
    const { confirm, recover } = this.watched;
    for (let looks = 1; ; looks++) {
      const looked = await this.look();
      if (stop.aborted || looks >= 2 * confirm.of + recover || !this.#isUnclear(looked)) return looked;
      await delay(every_s * 1000, undefined, { signal: stop }).catch(() => undefined);
    }
  }

  #isUnclear(looked: Looked): boolean {
    const { watched } = this;
    switch (looked.kind) {
      case 'not_confirmed':
        return isUndecided(this.#state, watched.confirm);
      case 'healthy':
        if (isUndecided(this.#state, watched.confirm)) return true;
        return this.#state.passes < watched.recover && this.#tools.engine.isOpen(watched);
      default:
        return false;
    }
  }

  async #probe(purpose: 'detect'): Promise<Probe> {
    const { engine, store, emit } = this.#tools;
    const { check, confirm, flapping } = this.watched;
    const now = engine.now();
    const probe = await check.probe();
    this.#state = afterProbe(this.#state, probe, now, { confirm, flapping });
    emit({ check: check.name, kind: 'probed', purpose, probe, passes: 0, wanted: 0 });
    const { status, duration_s, summary, perfdata } = probe;
    const kept = { name: check.name, at: formatInstant(now.ms), status, duration_s, summary };
    store?.keep(check.name, this.#state, { ...kept, perfdata: perfdata ? JSON.stringify(perfdata) : null });
    return probe;
  }

  async #handle(failure: Failure): Promise<Handled> {
    const { engine, store, emit } = this.#tools;
    const { check, start_period_s } = this.watched;
    emit({ check: check.name, kind: 'confirmed', bad: failure.bad, of: failure.of });
    const handled = await engine.handle(this.watched, failure, this.#state.flapping);
    // The counters start again: what was seen before a remedy, by whomever it was run, says nothing about after it.
    if (handled.acted || handled.kind === 'left_alone') {
      this.#state = startAgain(this.#state, engine.now(), handled.acted ? start_period_s : 0);
      store?.keep(check.name, this.#state, undefined);
    }
    return handled;
  }
}
