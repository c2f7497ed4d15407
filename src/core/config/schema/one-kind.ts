import type { z } from 'zod';

/** What is told by an issue of {@link onlyOneKind} that a misspelt key may already explain. */
export const NO_KIND = 'no_kind';

type Payload = { readonly value?: unknown };

/**
 * Says of a mapping that just one of these keys may stand in it. Asked even where other things are wrong with it, so that all
 * faults are told at once: `when` is zod's word for that.
 */
export function onlyOneKind(kinds: readonly string[], words: { readonly none: string; readonly many: string }) {
  const refine = (value: object, context: z.RefinementCtx<unknown>) => {
    const given = kinds.filter((kind) => Object.hasOwn(value, kind) && value[kind as keyof typeof value] !== undefined);
    if (given.length === 1) return;
    context.addIssue({
      code: 'custom',
      ...(given.length === 0
        ? { message: `${words.none}: one of ${kinds.join(', ')}`, params: { reason: NO_KIND } }
        : { message: `${words.many}: ${given.join(', ')}` }),
    });
  };
  const when = ({ value }: Payload) => typeof value === 'object' && value !== null && !Array.isArray(value);
  return [refine, { when }] as const;
}
