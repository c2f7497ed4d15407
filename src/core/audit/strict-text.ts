import { type Refusal, refused } from './refusal.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Text as C2SP signed-note allows it: valid UTF-8 with no ASCII control character but LF, and at most `most` bytes.
 * A string is held to the same; what has no UTF-8 form (a lone surrogate) is refused.
 */
export function readText(
  source: Uint8Array | string,
  most: number,
): { readonly ok: true; readonly text: string } | Refusal {
  // No UTF-8 text has fewer bytes than UTF-16 units.
  if (source.length > most) return tooLong(most);
  const bytes = typeof source === 'string' ? Buffer.from(source) : source;
  if (bytes.length > most) return tooLong(most);
  const text = decode(bytes);
  if (text === undefined || (typeof source === 'string' && text !== source)) {
    return refused('not valid UTF-8');
  }
  if (/[\x00-\x09\x0b-\x1f]/.test(text)) return refused('a control character');
  return { ok: true, text };
}

function tooLong(most: number): Refusal {
  return refused(`longer than ${most} bytes`);
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
