import { isUtf8 } from 'node:buffer';
import ndjson from 'ndjson';
import { isJsonObject } from '../core/records/json.js';
import { parseStrict } from '../core/records/strict-json.js';

/** A line of a foreign stream: its value, or why it has none. */
export type ForeignLine =
  | { readonly line: number; readonly ok: true; readonly value: unknown }
  | { readonly line: number; readonly ok: false; readonly problem: string };

type Given = { readonly value: unknown } | { readonly problem: string };

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
  let answer: (given: Given) => void = () => undefined;
  parser.on('data', (value: unknown) => answer({ value }));
  parser.on('error', () => answer({ problem: 'it is not JSON' }));
  // A stream may answer at once or a turn later, as it finds its readers.
  const ask = (text: string) =>
    new Promise<Given>((resolve) => {
      answer = resolve;
      parser.write(`${text}\n`);
    });

  const parse = async (line: number, text: Buffer): Promise<ForeignLine | undefined> => {
    // A plain toString would put U+FFFD in the place of what it cannot read, and say nothing.
    if (!isUtf8(text)) return { line, ok: false, problem: 'it is not UTF-8' };
    const trimmed = text.toString('utf8').trim();
    if (trimmed === '') return undefined;
    if (trimmed === 'null') return { line, ok: false, problem: 'it is not a JSON object' };
    const given = await ask(trimmed);
    if ('problem' in given) return { line, ok: false, problem: given.problem };
    // What two readers would understand differently (a key that stands twice) is not taken from anybody.
    const strict = isJsonObject(given.value) ? parseStrict(Buffer.from(trimmed)) : undefined;
    return strict?.ok === false ? { line, ok: false, problem: strict.reason } : { line, ok: true, value: given.value };
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
  const finish = async (): Promise<ForeignLine | undefined> => {
    line++;
    const result: ForeignLine | undefined = tooLong
      ? { line, ok: false, problem: `it is longer than ${MAX_LINE_BYTES} bytes` }
      : await parse(line, Buffer.concat(held, heldBytes));
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
      const result = await finish();
      if (result) yield result;
    }
    if (start < bytes.length) hold(Buffer.from(bytes.subarray(start)));
  }
  if (heldBytes > 0 || tooLong) {
    const result = await finish();
    if (result) yield result;
  }
}
