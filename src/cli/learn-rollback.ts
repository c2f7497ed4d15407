import type { VersionStory } from '../learning/governance/chronicle.js';
import { rollbackVersion } from '../learning/governance/rollback-version.js';
import type { Context } from './context.js';
import { unknownId } from './learn-chronicle.js';
import { requiredReason } from './learn-decide.js';
import { type DecidingOptions, decideAsPerson } from './learn-person.js';
import { settingText, subjectText } from './learn-words.js';

/** A person puts back what a version has replaced. */
export async function runLearnRollback(ctx: Context, id: string, options: DecidingOptions): Promise<number> {
  const words = ['learn', 'rollback'];
  const reason = requiredReason([...words, id], options, "'it restarts during backups'");
  return decideAsPerson(ctx, options, {
    ...{ id, words, reason },
    find: ({ versions }): VersionStory => {
      const found = versions.find((one) => one.id === id);
      if (found) return found;
      const inForce = versions.filter(({ fate }) => fate.now === 'in_force');
      const known = (inForce.length > 0 ? inForce : versions).map((one) => one.id);
      throw unknownId(id, { known, what: 'version' }, options);
    },
    grant: ({ playbook }) => (playbook === null ? 'reorder' : 'wait'),
    decide: (facts) => rollbackVersion(id, facts),
    tell: (version, next) => ({
      said: `${id} is rolled back by ${next}: ${subjectText(version)} is at ${settingText(version.from)} again; learning proposes here, and applies nothing by itself until a person has approved an order`,
      lines: [],
    }),
  });
}
