import type { AuditFacts } from './facts.js';

/**
 * The keys that the log itself names, one after the other; why the newest note is not by the last of them, or not by one
 * that a key from outside leads to.
 */
export function judgeKeys(facts: AuditFacts): string | undefined {
  const { seal, adoption } = facts;
  if (seal.state !== 'signed') return undefined;
  const chain = chainOf(facts);
  const stranger = adoption && seal.given.find((vkey) => !chain.includes(vkey));
  if (stranger) return `the log names no such key as was given: ${stranger}`;
  const last = chain.at(-1);
  if (last !== undefined && !seal.signers.includes(last) && !isYetToSign(facts, chain)) {
    return `the newest note is signed by ${seal.signers.join(', ')}; by what the log says, ${last} was to sign it`;
  }
  const isDirect = seal.given.length === 0 || seal.signers.some((vkey) => seal.given.includes(vkey));
  if (isDirect || leadsToSigner(facts, chain)) return undefined;
  const absent = (facts.leaves?.absent.length ?? 0) > 0 ? '; it may be in a file that is not there' : '';
  return `the key was replaced, and no note by the key that was given covers the entry that says so${absent}`;
}

/** In note form. Where the entry of the adoption is gone, the first replacement says which key came before. */
export function chainOf({ adoption, replacements }: Pick<AuditFacts, 'adoption' | 'replacements'>): string[] {
  const first = adoption?.vkey ?? replacements[0]?.old ?? undefined;
  return [...(first === undefined ? [] : [first]), ...replacements.map((replacement) => replacement.new)];
}

/** The entry comes first: until a new key has signed, the one before it still does; of those who know of no later one. */
function isYetToSign({ seal, signedOnce }: AuditFacts, chain: readonly string[]): boolean {
  if (seal.state !== 'signed') return false;
  const at = chain.findLastIndex((vkey) => seal.signers.includes(vkey));
  return at !== -1 && chain.slice(at + 1).every((vkey) => !signedOnce.has(vkey) && !seal.given.includes(vkey));
}

/** From a key that was given, each replacement is covered by a note of the key that was replaced. */
function leadsToSigner({ seal, replacements, bridgesHold }: AuditFacts, chain: readonly string[]): boolean {
  if (seal.state !== 'signed') return false;
  const from = chain.findLastIndex((vkey) => seal.given.includes(vkey));
  const to = chain.findLastIndex((vkey) => seal.signers.includes(vkey));
  const named = replacements.slice(replacements.length - (chain.length - 1));
  return (
    from !== -1 &&
    from < to &&
    named.slice(from, to).every(({ line, isBreak }, i) => {
      const vkey = chain[from + i] ?? '';
      const bridge = seal.bridges.get(vkey);
      return !isBreak && bridge !== undefined && line <= bridge.size && bridgesHold.has(vkey);
    })
  );
}
