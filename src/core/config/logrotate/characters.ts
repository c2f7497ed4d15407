export const BLANK = ' \t';
export const SPACE = ' \t\n\v\f\r';

/** An empty text is in nothing. */
export function isIn(set: string, char: string): boolean {
  return char !== '' && set.includes(char);
}

export function trimmedEnd(text: string): string {
  let end = text.length;
  while (isIn(SPACE, text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

export function asUtf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Words as popt takes them out of quotes; `undefined` when the text ends with a backslash. */
export function unquoted(text: string): string[] | undefined {
  const found: string[] = [];
  let word = '';
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    let char = text.charAt(i);
    if (char === quote) quote = '';
    else if (quote === '' && isIn(SPACE, char)) {
      if (word !== '') found.push(word);
      word = '';
    } else if (quote === '' && isIn('"\'', char)) quote = char;
    else {
      if (char === '\\') {
        char = text.charAt(++i);
        if (char === '') return undefined;
        if (quote !== '' && char !== quote) word += '\\';
      }
      word += char;
    }
  }
  return word === '' ? found : [...found, word];
}
