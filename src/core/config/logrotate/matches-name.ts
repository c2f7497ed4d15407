type Piece = 'many' | ((char: string) => boolean);

/** fnmatch(3) with FNM_PERIOD. Takes at most as many steps as the product of the two lengths. */
export function matchesName(pattern: string, name: string): boolean {
  if (name.startsWith('.') && !/^\\?\./.test(pattern)) return false;
  const pieces = piecesOf([...pattern]);
  const chars = [...name];
  let at = 0;
  let piece = 0;
  let many: { readonly piece: number; at: number } | undefined;
  while (at < chars.length) {
    const wanted = pieces[piece];
    if (wanted === 'many') many = { piece: piece++, at };
    else if (wanted?.(chars[at] ?? '')) {
      piece++;
      at++;
    } else if (many) {
      piece = many.piece + 1;
      at = ++many.at;
    } else return false;
  }
  return pieces.slice(piece).every((left) => left === 'many');
}

function piecesOf(chars: readonly string[]): Piece[] {
  const pieces: Piece[] = [];
  for (let i = 0; i < chars.length; i++) {
    const set = chars[i] === '[' ? setAt(chars, i) : undefined;
    if (set) {
      pieces.push(set.has);
      i = set.end;
    } else if (chars[i] === '*') pieces.push('many');
    else if (chars[i] === '?') pieces.push(() => true);
    else {
      if (chars[i] === '\\' && i + 1 < chars.length) i++;
      const char = chars[i];
      pieces.push((other) => other === char);
    }
  }
  return pieces;
}

const CLASSES: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  digit: '0-9',
  lower: 'a-z',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\s',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
};

/** A `[…]` as the test of one character; `undefined` when it has no end and is only a `[`. */
function setAt(chars: readonly string[], open: number): { has: (char: string) => boolean; end: number } | undefined {
  const negated = chars[open + 1] === '!' || chars[open + 1] === '^';
  const first = open + (negated ? 2 : 1);
  let members = '';
  for (let i = first; i < chars.length; i++) {
    if (chars[i] === ']' && i > first) return { end: i, has: testOf(`[${negated ? '^' : ''}${members}]`) };
    const [whole, name = ''] = /^\[:([a-z]{1,8}):\]/.exec(chars.slice(i, i + 12).join('')) ?? [];
    const isRange = chars[i] === '-' && i > first && chars[i + 1] !== ']';
    if (whole === undefined && chars[i] === '\\') i++;
    members += whole === undefined ? (isRange ? '-' : escaped(chars[i] ?? '')) : (CLASSES[name] ?? '');
    if (whole !== undefined) i += whole.length - 1;
  }
  return undefined;
}

function escaped(char: string): string {
  return /[\^\-\]\\[]/.test(char) ? `\\${char}` : char;
}

function testOf(set: string): (char: string) => boolean {
  try {
    const pattern = new RegExp(`^${set}$`, 'u');
    return (char) => pattern.test(char);
  } catch {
    // A range that ends before it begins holds nothing.
    return () => false;
  }
}
