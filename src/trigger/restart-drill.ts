import type { Drill, Stage, StageOptions } from './drill.js';
import { drillPlaybook } from './drill-playbook.js';
import { endRemains } from './drill-remains.js';
import { type Home, homeOf, type Service } from './service-process.js';

/** What is particular about a stage whose remedy is to start a service again. */
export interface RestartScene {
  readonly where: string;
  /** The service that breaks. */
  readonly service: Service;
  /** Where it is seen from outside, if not at that service. */
  readonly port?: number;
  /** What the check looks at, such as `{ http: … }`, and what else is said of it. */
  readonly check: object;
  /** Further checks, by name. */
  readonly others?: Record<string, object>;
  /** What is said of the playbook besides its steps. */
  readonly playbook?: object;
  causeFault(): Promise<string>;
}

export interface RestartDrill extends Omit<Drill, 'stage'> {
  /** For people: `Start the database again`. */
  readonly remedy: string;
  scene(home: Home, options: StageOptions): Promise<RestartScene>;
}

/** A drill in which a service breaks, and is started again. */
export function restartDrill({ remedy, scene, ...drill }: RestartDrill): Drill {
  return {
    ...drill,
    async stage(options): Promise<Stage> {
      const home = await homeOf(options);
      const { where, service, port = service.port, check, others, playbook, causeFault } = await scene(home, options);
      return {
        ...(port === 0 ? {} : { port }),
        ...{ where, about: drill.id, pace_s: 0.02, causeFault },
        config: {
          checks: { ...others, [drill.id]: { ...check, failure_mode: drill.failure_mode, heal: ['restart'] } },
          playbooks: { restart: drillPlaybook(remedy, [service.restart], playbook) },
        },
        async end() {
          await endRemains(home.directory);
        },
      };
    },
  };
}
