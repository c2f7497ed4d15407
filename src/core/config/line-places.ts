/** Both count from 1; the column counts UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Characters of a line that are given out. */
const MAX_LINE = 1024;

/** Lines and columns of a text, in which LF ends a line. The parser's own count loses lines in text that is not YAML. */
export class LinePlaces {
  readonly #starts: number[] = [0];
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  /** Of an offset in UTF-16 units; one that lies outside the text counts as the end that is nearer. */
  at(offset: number): Place {
    const inside = Math.max(0, Math.min(offset, this.#text.length));
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= inside) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: inside - (this.#starts[low] ?? 0) + 1 };
  }

  /** The line of that place, without what ends it; cut, where it is very long. */
  textOf({ line }: Place): string {
    const start = this.#starts[line - 1] ?? 0;
    const end = this.#starts[line] ?? this.#text.length + 1;
    return this.#text.slice(start, Math.min(end - 1, start + MAX_LINE)).replace(/\r$/, '');
  }
}
