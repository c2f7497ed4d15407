import { readSync, writeSync } from 'node:fs';
import { OperatorError } from '../../../src/core/errors.js';

/** One line on stdout, written before the call returns: what was said before a kill has been said. */
export function say(line: string): void {
  writeSync(1, `${line}\n`);
}

/** Blocks until a line comes; `undefined` at the end of the input. */
export function hear(): string | undefined {
  const byte = Buffer.alloc(1);
  let line = '';
  while (readSync(0, byte) === 1) {
    if (byte[0] === 0x0a) return line;
    line += byte.toString('latin1');
  }
  return undefined;
}

/** The face in small: an operator's error becomes its sentence and exit code, anything else a stack and 1. */
export async function main(program: (...argv: string[]) => Promise<void>): Promise<void> {
  try {
    await program(...process.argv.slice(2));
  } catch (error) {
    if (error instanceof OperatorError) {
      writeSync(2, `grace: error: ${error.message} [${error.code}]\n`);
      if (error.hint) writeSync(2, `grace: hint: ${error.hint}\n`);
      process.exit(error.exit);
    }
    writeSync(2, `${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  }
}
