import type { EpisodeRecord } from '../../src/core/registry/queries/episodes.ts';
import type { LearnState } from '../../src/learning/state/learn-state.ts';
import type { Governance, LearnableCheck, TickPlan } from '../../src/learning/tick/facts.ts';

export interface LearningHost {
  fails(
    check: string,
    handle: (order: readonly string[]) => readonly { playbook: string; worked: boolean; seconds: number }[],
    relapses?: () => boolean,
  ): EpisodeRecord;
  tick(episodes: readonly EpisodeRecord[]): TickPlan;
  state(): LearnState;
}

export function learningHost(checks: readonly LearnableCheck[], governance: Governance, seed: string): LearningHost;
