/**
 * How many columns of a terminal a text takes. Terminals disagree about emoji sequences; the larger count is taken, so
 * that a line may come out short but never overflows. Text is measured after escapeText and before it is coloured.
 */

const PLAIN_ASCII = /^[\x20-\x7e]*$/;
/** Marks are drawn on the character before them; the vowels and finals of Korean syllables join it. */
const JOINS = /[\p{Mn}\p{Me}\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u1160-\u11ff\ud7b0-\ud7ff]/u;
const REGIONAL_INDICATOR = /^\p{Regional_Indicator}$/u;
const DRAWN_AS_EMOJI = /\p{Emoji_Presentation}/u;
const MAY_BE_EMOJI = /^\p{Emoji}/u;
/** Asks for the emoji form of the character before it. */
const EMOJI_VARIATION = '\ufe0f';

/**
 * East Asian Width W and F (Unicode 16), neighbouring blocks run together. Unassigned code points of the emoji blocks
 * are in, because the next Unicode version puts wide characters there.
 */
const WIDE: readonly (readonly [first: number, last: number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2630, 0x2637],
  [0x268a, 0x268f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18dff],
  [0x1aff0, 0x1b2ff],
  [0x1d300, 0x1d376],
  [0x1f200, 0x1f2ff],
  [0x1f6d0, 0x1f6df],
  [0x1f6f4, 0x1f6ff],
  [0x1f7d8, 0x1f7ff],
  [0x1f900, 0x1f9ff],
  [0x1fa70, 0x1faff],
  [0x20000, 0x3fffd],
];

/** What a line must not be broken inside of: a character with the marks on it, or a flag. */
interface Cluster {
  text: string;
  width: number;
}

export function displayWidth(s: string): number {
  if (PLAIN_ASCII.test(s)) return s.length;
  let width = 0;
  for (const cluster of clustersOf(s)) width += cluster.width;
  return width;
}

/** At most `width` columns of the text; where something was left out, the last one is an ellipsis. */
export function truncate(s: string, width: number): string {
  if (displayWidth(s) <= width) return s;
  if (width < 1) return '';
  let kept = '';
  let used = 0;
  for (const cluster of clustersOf(s)) {
    used += cluster.width;
    if (used > width - 1) break;
    kept += cluster.text;
  }
  return `${kept}…`;
}

/**
 * The text in lines of at most `width` columns, broken at spaces (the break takes their place) and, where one word is
 * longer than a line, inside it. Nothing else is lost. Below two columns a wide character still gets a line of its own.
 */
export function wrap(s: string, width: number): string[] {
  return s.split('\n').flatMap((paragraph) => wrapParagraph(paragraph, width));
}

function wrapParagraph(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  let gap = '';
  const breakLine = () => {
    if (line !== '') lines.push(line);
    line = '';
    used = 0;
  };
  for (const token of text.match(/ +|[^ ]+/g) ?? []) {
    if (token.startsWith(' ')) {
      gap = token;
      continue;
    }
    const wordWidth = displayWidth(token);
    if (used + gap.length + wordWidth <= width) {
      line += gap + token;
      used += gap.length + wordWidth;
    } else {
      breakLine();
      for (const cluster of clustersOf(token)) {
        if (used + cluster.width > width) breakLine();
        line += cluster.text;
        used += cluster.width;
      }
    }
    gap = '';
  }
  if (line !== '' || lines.length === 0) lines.push(line);
  return lines;
}

function clustersOf(s: string): Cluster[] {
  const clusters: Cluster[] = [];
  let last: Cluster | undefined;
  for (const char of s) {
    if (last !== undefined && joins(last, char)) {
      last.text += char;
      if (char === EMOJI_VARIATION && MAY_BE_EMOJI.test(last.text)) last.width = 2;
    } else {
      last = { text: char, width: characterWidth(char) };
      clusters.push(last);
    }
  }
  return clusters;
}

/** A pair of regional indicators is one flag; the third begins another. */
function joins(last: Cluster, char: string): boolean {
  if (PLAIN_ASCII.test(char)) return false;
  return JOINS.test(char) || (REGIONAL_INDICATOR.test(char) && REGIONAL_INDICATOR.test(last.text));
}

function characterWidth(char: string): 0 | 1 | 2 {
  if (PLAIN_ASCII.test(char)) return 1;
  if (JOINS.test(char)) return 0;
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x1100) return 1;
  if (DRAWN_AS_EMOJI.test(char)) return 2;
  return WIDE.some(([first, last]) => first <= code && code <= last) ? 2 : 1;
}
