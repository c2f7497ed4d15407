import { mayAccount } from '../core/config/grants.js';
import type { GraceConfig } from '../core/config/schema/grace-schema.js';
import type { PlaybookConfig } from '../core/config/schema/playbook-schema.js';
import type { Playbook } from '../healing/playbook.js';
import type { Watched } from '../healing/watched.js';
import type { Governance, LearnableCheck, LearnablePlaybook } from '../learning/tick/facts.js';

/** What learning is told of the checks of a configuration, in its order. */
export function learnableChecks(
  config: Pick<GraceConfig, 'checks' | 'playbooks' | 'policy'>,
  watched: ReadonlyMap<string, Watched>,
): LearnableCheck[] {
  return [...watched.values()].map(({ check, playbooks }) => ({
    name: check.name,
    target: check.target,
    mode: check.failure_mode,
    learn: own(config.checks, check.name)?.learn === true,
    playbooks: playbooks.flatMap((playbook) => {
      const written = own(config.playbooks, playbook.id);
      return written === undefined ? [] : [learnablePlaybook(playbook, written, config.policy)];
    }),
  }));
}

function learnablePlaybook(
  playbook: Playbook,
  { takes, verify }: Pick<PlaybookConfig, 'takes' | 'verify'>,
  policy: GraceConfig['policy'],
): LearnablePlaybook {
  const { at_least, at_most } = verify;
  const isBounded = at_least !== undefined && at_most !== undefined;
  return {
    id: playbook.id,
    declared_s: takes,
    risk: playbook.risk,
    may_randomise: mayRandomise(playbook, policy),
    within_s: playbook.verify.within_s,
    bounds: isBounded ? { least_s: at_least, most_s: at_most } : null,
  };
}

/** Chance may decide whether it runs: nobody is asked for it, it is of low risk, and it destroys no data. */
function mayRandomise({ risk, steps, rollback }: Playbook, { autonomy }: GraceConfig['policy']): boolean {
  const deletes = [...steps, ...rollback].some((step) => step.deletesData === true);
  return risk === 'low' && autonomy.low === 'auto' && !deletes;
}

/** What a configuration says of learning itself. `owner`: the name of who owns the directory of the logs. */
export function governanceOf(
  config: Pick<GraceConfig, 'learning' | 'accounts'>,
  version: string | null,
  owner: string | undefined,
): Governance {
  const { mode, holdout } = config.learning;
  const may = (grant: 'reorder' | 'wait') => mayAccount(config, 'learner', grant, owner);
  return { mode, holdout, config_version: version, may: { reorder: may('reorder'), wait: may('wait') } };
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
