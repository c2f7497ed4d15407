import { setTimeout as delay } from 'node:timers/promises';
import type { Now } from '../../core/records/moment.js';
import type { ControlView } from '../../core/registry/queries/control.js';
import type { Probe } from '../check.js';
import type { Watched } from '../watched.js';
import { type Decision, decide } from './decide.js';
import { type EngineSetting, surroundingsOf } from './setting.js';
import { type Situation, situationOf } from './situation.js';
import { afterProbe, confirmedFailure, isUndecided, type SoftState } from './soft-state.js';

/** What would be done about a check now, and why. */
export interface Plan {
  readonly watched: Watched;
  readonly probe: Probe;
  readonly state: SoftState;
  /** `undefined` where no failure is confirmed. */
  readonly decided: { readonly decision: Decision; readonly situation: Situation } | undefined;
}

export interface PlanTools {
  readonly setting: EngineSetting;
  readonly now: () => Now;
  readonly ask: <T>(question: (view: ControlView) => T) => T;
  readonly stop: AbortSignal;
  /** Seconds between two probes that confirm. */
  readonly pace_s: number;
}

/** Probes as a pass of healing would, decides as it would, and does nothing. */
export async function planCheck(watched: Watched, before: SoftState, tools: PlanTools): Promise<Plan> {
  const { check, confirm, flapping } = watched;
  let state = before;
  for (;;) {
    const now = tools.now();
    const probe = await check.probe();
    state = afterProbe(state, probe, now, { confirm, flapping });
    const failure = confirmedFailure(state, confirm, tools.now());
    if (failure) {
      const around = await surroundingsOf(tools.setting, watched, state.flapping, tools.now());
      const situation = tools.ask((view) => situationOf(view, watched, failure, around));
      return { watched, probe, state, decided: { decision: decide(situation), situation } };
    }
    const goesOn = probe.status === 'critical' && isUndecided(state, confirm) && !tools.stop.aborted;
    if (!goesOn) return { watched, probe, state, decided: undefined };
    await delay(tools.pace_s * 1000, undefined, { signal: tools.stop }).catch(() => undefined);
  }
}
