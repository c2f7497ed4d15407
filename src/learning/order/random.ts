import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Answers numbers uniform in [0, 1), one after the other. */
export type Random = () => number;

/** The stream that belongs to this text: the same on every machine. */
export function seededRandom(seed: string): Random {
  const generator = xoroshiro128plus(fnv1a(seed));
  return () => uniformFloat64(generator);
}

/** 32 bits of a text, by FNV-1a over its UTF-16 units. It spreads seeds; it hides nothing. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
