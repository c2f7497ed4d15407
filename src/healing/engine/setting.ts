import { isAlive } from '../../core/host/process-identity.js';
import type { NewIncident } from '../../core/records/incident.js';
import type { JsonObject } from '../../core/records/json.js';
import type { Now } from '../../core/records/moment.js';
import type { Watched } from '../watched.js';
import type { Surroundings } from './situation.js';

/** What holds for all checks of an engine. */
export interface EngineSetting
  extends Pick<Surroundings, 'origin' | 'config_version' | 'policy' | 'account' | 'passOver' | 'order'> {
  readonly trigger: NewIncident['trigger'];
  /** Facts that every incident of this engine carries. */
  readonly metadata: JsonObject;
  readonly dependencies: (watched: Watched) => Promise<Surroundings['dependencies']>;
  readonly maintenance: (watched: Watched, now: Now) => string | undefined;
}

/** What a decision about this check rests on outside the logs, as of now. */
export async function surroundingsOf(
  setting: EngineSetting,
  watched: Watched,
  flapping: boolean,
  now: Now,
): Promise<Surroundings> {
  const { origin, config_version, policy, account, passOver, order } = setting;
  return {
    ...{ now, origin, config_version, policy, account, passOver, order, flapping, isAlive },
    dependencies: await setting.dependencies(watched),
    maintenance: setting.maintenance(watched, now),
  };
}
