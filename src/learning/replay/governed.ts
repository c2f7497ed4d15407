import type { TickFacts } from '../tick/facts.js';

/** Everything that the configuration of a moment can allow is allowed: what is left are the rules of learning. */
export const GOVERNED: Pick<TickFacts, 'governance'> = {
  governance: {
    ...{ mode: 'apply', holdout: 0, config_version: null },
    may: { reorder: { allowed: true, rule: '' }, wait: { allowed: true, rule: '' } },
  },
};
