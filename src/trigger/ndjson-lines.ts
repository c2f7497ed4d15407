import { isUtf8 } from 'node:buffer';
import ndjson from 'ndjson';

/** A line of a foreign stream: its value, or why it has none. */
export type ForeignLine =
  | { readonly line: number; readonly ok: true; readonly value: unknown }
  | { readonly line: number; readonly ok: false; readonly problem: string };

const LF = 0x0a;
const MAX_LINE_BYTES = 1 << 20;

/**
 * Reads NDJSON from anywhere, a line at a time, in bounded memory. A wrong line is told and hides nothing after it.
 *
 * The ndjson package parses; it is handed whole lines, so that each of its answers belongs to a line number. What it
 * would drop without a word (blank lines) or take for the end of the stream (`null`) is told before.
 */
export async function* readForeignLines(input: AsyncIterable<Buffer | string>): AsyncGenerator<ForeignLine> {
  const parser = ndjson.parse();
  let answer: { value: unknown } | { problem: string } | undefined;
  parser.on('data', (value: unknown) => {
    answer = { value };
  });
  parser.on('error', () => {
    answer = { problem: 'it is not JSON' };
  });

  const parse = (line: number, text: Buffer): ForeignLine | undefined => {
    // A plain toString would put U+FFFD in the place of what it cannot read, and say nothing.
    if (!isUtf8(text)) return { line, ok: false, problem: 'it is not UTF-8' };
    const trimmed = text.toString('utf8').trim();
    if (trimmed === '') return undefined;
    if (trimmed === 'null') return { line, ok: false, problem: 'it is not a JSON object' };
    answer = undefined;
    parser.write(`${trimmed}\n`);
    if (answer === undefined) throw new Error(`line ${line}: the parser gave no answer`);
    const given = answer as { value: unknown } | { problem: string };
    return 'problem' in given ? { line, ok: false, problem: given.problem } : { line, ok: true, value: given.value };
  };

  let line = 0;
  let held: Buffer[] = [];
  let heldBytes = 0;
  let tooLong = false;
  const hold = (piece: Buffer) => {
    if (heldBytes + piece.length > MAX_LINE_BYTES) {
      tooLong = true;
      held = [];
      heldBytes = 0;
    } else if (!tooLong) {
      held.push(piece);
      heldBytes += piece.length;
    }
  };
  const finish = (): ForeignLine | undefined => {
    line++;
    const result: ForeignLine | undefined = tooLong
      ? { line, ok: false, problem: `it is longer than ${MAX_LINE_BYTES} bytes` }
      : parse(line, Buffer.concat(held, heldBytes));
    held = [];
    heldBytes = 0;
    tooLong = false;
    return result;
  };

  for await (const chunk of input) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    let start = 0;
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
      hold(bytes.subarray(start, end));
      start = end + 1;
      const result = finish();
      if (result) yield result;
    }
    if (start < bytes.length) hold(Buffer.from(bytes.subarray(start)));
  }
  if (heldBytes > 0 || tooLong) {
    const result = finish();
    if (result) yield result;
  }
}
