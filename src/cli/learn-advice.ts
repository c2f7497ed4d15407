import type { GraceConfig } from '../core/config/schema/grace-schema.js';
import { ACTION } from '../core/records/audit-actions.js';
import { isJsonObject } from '../core/records/json.js';
import type { ControlEntry, ControlView } from '../core/registry/queries/control.js';
import { ProbeStore } from '../healing/probe-store.js';
import type { Watched } from '../healing/watched.js';
import { adviseConfirm } from '../learning/detection/advise.js';
import { adviseThreshold } from '../learning/detection/advise-threshold.js';
import { limitsOf } from '../learning/detection/limits.js';
import { MOST_PROBES } from '../learning/detection/looks.js';
import type { PastEpisode } from '../learning/detection/spells.js';
import type { DetectionAdvice } from '../learning/tick/facts.js';

/** Probes are looked at anew after so long. */
export const ADVISED_FOR_MS = 86_400_000;

/** Openings that are looked at, of all checks. */
const MOST_OPENINGS = 2000;

/** Other confirm counts and limits that stored probes show to be better, for checks that may learn. */
export function adviceOn(
  dir: string,
  view: ControlView,
  config: Pick<GraceConfig, 'checks'>,
  watched: ReadonlyMap<string, Watched>,
): DetectionAdvice[] {
  const past = pastEpisodes(view);
  const store = new ProbeStore(dir, { write: false });
  try {
    return [...watched.values()].flatMap(({ check: { name, countsEvents = false }, confirm, every_s }) => {
      const spec = Object.hasOwn(config.checks, name) ? config.checks[name] : undefined;
      if (spec?.learn !== true) return [];
      const probes = store.probes(name, MOST_PROBES).reverse();
      const check = { name, confirm, every_s, countsEvents, limits: limitsOf(spec) };
      const episodes = past.get(name) ?? [];
      return [adviseConfirm(check, probes, episodes), adviseThreshold(check, probes, episodes)].filter(
        (advice) => advice !== undefined,
      );
    });
  } finally {
    store.close();
  }
}

/** By check. */
function pastEpisodes(view: ControlView): Map<string, PastEpisode[]> {
  const past = new Map<string, PastEpisode[]>();
  for (const opening of view.recentControls(ACTION.incidentOpened, MOST_OPENINGS)) {
    const { check } = opening.metadata;
    const episode = pastEpisode(view, opening);
    if (typeof check === 'string' && episode !== undefined) past.set(check, [...(past.get(check) ?? []), episode]);
  }
  return past;
}

function pastEpisode(view: ControlView, { entry_id, origin, metadata }: ControlEntry): PastEpisode | undefined {
  const { onset } = metadata;
  if (origin !== 'real' || !isJsonObject(onset) || typeof onset.at !== 'string') return undefined;
  const episode = view.episodeAt(entry_id, Number.MAX_SAFE_INTEGER);
  if (episode === undefined) return undefined;
  const acted = episode.claims.length > 0;
  const [ended] = episode.said.filter(({ action }) => action !== ACTION.incidentEscalated);
  return {
    ...{ onset_at: onset.at, acted },
    recovered_by_itself: ended?.action === ACTION.incidentRecovered && ended.decision.resolution === 'self_recovered',
  };
}
