import type { Claim, Verdict } from '../evidence/claim.js';
import { count } from '../evidence/words.js';
import type { Context } from './context.js';
import { escapeText } from './output/escape.js';
import type { Style } from './output/style.js';
import type { PaintedCell, PaintedTable, TableColumn } from './output/table-model.js';
import { renderPlain } from './output/table-plain.js';
import { displayWidth, wrap as wrapAt } from './output/width.js';

const INDENT = '  ';
const GAP = 3;
/** Narrower than this, two texts stand below each other. */
const LEAST_SIDE_BY_SIDE = 80;

export interface Column extends TableColumn {
  /** Left out unless a row has something there. */
  readonly optional?: boolean;
}
export type Row = readonly (string | number | null)[];

/**
 * A report as text. On a terminal everything fits its width; in a pipe lines are as long as they need to be, unless
 * `$COLUMNS` says otherwise. All text is escaped here. Colour is on the verdicts only.
 */
export class Page {
  readonly #style: Style;
  readonly #isTTY: boolean;
  /** Where lines break. */
  readonly #width: number;
  readonly #sideBySide: boolean;
  readonly #parts: string[] = [];

  constructor({ out, env }: Pick<Context, 'out' | 'env'>, style: Style) {
    this.#style = style;
    this.#isTTY = out.isTTY;
    this.#width = out.isTTY || env.COLUMNS === String(out.columns) ? out.columns : Number.POSITIVE_INFINITY;
    this.#sideBySide = out.columns >= LEAST_SIDE_BY_SIDE;
  }

  get text(): string {
    return this.#parts.join('');
  }

  /** The first line of the first claim stays whole in a pipe, for `head -1`. */
  claim({ verdict, headline, reasons, excluded }: Claim): void {
    const mark = `[${verdict}]`;
    const width = this.#isTTY || this.#parts.length > 0 ? this.#width : Number.POSITIVE_INFINITY;
    const [first = '', ...rest] = wrap(`${mark} ${escapeText(headline)}`, width - 2);
    this.#line(first.replace(mark, () => this.#painted(verdict)));
    for (const line of rest) this.#line(INDENT + line);
    for (const reason of reasons) this.paragraph(reason);
    for (const { n, what, why } of excluded) {
      this.paragraph(`not counted: ${count(n)} ${what} – ${why}`);
    }
  }

  blank(): void {
    this.#line('');
  }

  /** What to type next. The command stays on one line, so that it can be pasted. */
  next(why: string, command: string): void {
    this.blank();
    for (const line of wrap(escapeText(`Next: ${why}`), this.#width)) this.#line(line);
    this.#line(INDENT + escapeText(command));
  }

  /** A heading above several sections. */
  chapter(text: string): void {
    this.#line(`\n${this.#style.bold(escapeText(text))}\n${'='.repeat(displayWidth(text))}`);
  }

  title(text: string): void {
    this.#line(`\n${this.#style.bold(escapeText(text))}`);
  }

  /** On one line however narrow the terminal is: it is to be copied. */
  verbatim(text: string): void {
    this.#line(INDENT + escapeText(text));
  }

  paragraph(text: string): void {
    const [first = '', ...rest] = wrap(escapeText(text), this.#width - 2 * INDENT.length);
    this.#line(INDENT + first);
    for (const line of rest) this.#line(INDENT + INDENT + line);
  }

  /** Bare columns; where they do not fit, a few lines for each row. */
  table(columns: readonly Column[], rows: readonly Row[]): void {
    const shown = columns
      .map((column, i) => ({ column, i }))
      .filter(({ column, i }) => column.optional !== true || rows.some((row) => (row[i] ?? null) !== null));
    const table: PaintedTable = {
      columns: shown.map(({ column }) => column),
      head: shown.map(({ column }) => cell(column.header, this.#style.dim)),
      rows: rows.map((row) => shown.map(({ i }) => cell(row[i] ?? null))),
    };
    const widths = table.head.map((head, i) =>
      Math.max(displayWidth(head.text), ...table.rows.map((row) => displayWidth(row[i]?.text ?? ''))),
    );
    const total = widths.reduce((sum, width) => sum + width + INDENT.length, 0);
    if (total > this.#width) this.#folded(table);
    else for (const line of renderPlain(table, widths).trimEnd().split('\n')) this.#line(INDENT + line);
  }

  /** For a narrow terminal: the first cell of each row, and below it the others with their headers. */
  #folded({ head, rows }: PaintedTable): void {
    for (const [label, ...cells] of rows) {
      for (const line of wrap(label?.text.trim() ?? '', this.#width - INDENT.length)) this.#line(INDENT + line);
      const facts = cells.flatMap(({ text }, i) => (text === '' ? [] : [`${head[i + 1]?.text} ${text}`.trim()]));
      for (const line of flow(facts, this.#width - 2 * INDENT.length)) this.#line(INDENT + INDENT + line);
    }
  }

  /** Two lists of lines, each under its name: beside each other where there is room. */
  compare(left: readonly [string, readonly string[]], right: readonly [string, readonly string[]]): void {
    if (!this.#sideBySide) {
      for (const [name, lines] of [left, right]) {
        this.#line(INDENT + this.#style.dim(name));
        for (const line of lines) this.#hanging(line);
      }
      return;
    }
    const texts = left[1].map(escapeText);
    const width = Math.max(displayWidth(left[0]), ...texts.map(displayWidth));
    const room = this.#width - INDENT.length - width - GAP;
    const beside = right[1].flatMap((line) => {
      const [first = '', ...rest] = wrap(escapeText(line), room);
      return [first, ...rest.flatMap((text) => wrap(text, room - INDENT.length)).map((text) => INDENT + text)];
    });
    const dim = this.#style.dim;
    this.#line(`${INDENT}${dim(left[0])}${' '.repeat(width - displayWidth(left[0]) + GAP)}${dim(right[0])}`);
    for (let i = 0; i < Math.max(texts.length, beside.length); i++) {
      const text = texts[i] ?? '';
      const other = beside[i] ?? '';
      this.#line(`${INDENT}${text}${other === '' ? '' : ' '.repeat(width - displayWidth(text) + GAP) + other}`);
    }
  }

  #hanging(text: string): void {
    const [first = '', ...rest] = wrap(escapeText(text), this.#width - 3 * INDENT.length);
    this.#line(INDENT + INDENT + first);
    for (const line of rest) this.#line(INDENT + INDENT + INDENT + line);
  }

  #painted(verdict: Verdict): string {
    const { green, yellow, red, cyan } = this.#style;
    const paint = { PASS: green, PARTIAL: yellow, FAIL: red, INCONCLUSIVE: cyan }[verdict];
    return `[${paint(verdict)}]`;
  }

  #line(text: string): void {
    this.#parts.push(`${text}\n`);
  }
}

function cell(value: string | number | null, paint = (s: string) => s): PaintedCell {
  const text = typeof value === 'number' ? count(value) : escapeText(value ?? '–');
  return { text, paint };
}

/** The pieces with commas between them, in lines that break between pieces where they can. */
function flow(pieces: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const [i, piece] of pieces.entries()) {
    const next = i < pieces.length - 1 ? `${piece},` : piece;
    const longer = line === '' ? next : `${line} ${next}`;
    if (line === '' || displayWidth(longer) <= width) line = longer;
    else {
      lines.push(line);
      line = next;
    }
  }
  return [...lines, line].flatMap((text) => wrap(text, width));
}

/** In a pipe there is nothing to measure, and a start is too short for measuring. */
function wrap(text: string, width: number): string[] {
  return width === Number.POSITIVE_INFINITY ? [text] : wrapAt(text, width);
}
