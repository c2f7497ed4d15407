import type { DetectionAdvice, TickFacts } from './facts.js';
import { MOVED, UNWANTED, type Wish } from './wish.js';

/** How a check detects is never changed by learning: it is only proposed. */
export function adviceWishes({ advice, checks }: TickFacts): Wish[] {
  const learnable = new Set(checks.filter(({ learn }) => learn).map(({ name }) => name));
  return advice.filter(({ check }) => learnable.has(check)).map(adviceWish);
}

function adviceWish({ check, kind, from, to, numbers, why }: DetectionAdvice): Wish {
  const change = { check, playbook: null, from, to };
  return {
    ...{ kind, check, playbook: null },
    wanted: {
      ...{ ...change, kind, numbers: { ...numbers }, seed: null },
      why: `${why}; how a check detects is for a person to change`,
    },
    whyNot: (open) => (open.from !== from ? MOVED : open.to === to ? undefined : UNWANTED),
  };
}
