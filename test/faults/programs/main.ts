import { readSync, writeSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { OperatorError } from '../../../src/core/errors.js';

/** Told to a program that has to wait, loaded, until somebody traces it: most of a start need not be traced. */
export const HOLD = { variable: 'GRACE_FAULT_HOLD', said: 'HELD' } as const;

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
  if (process.env[HOLD.variable]) await hold();
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

async function hold(): Promise<void> {
  // The pool's thread has to be there when its calls are to be traced.
  await stat('/');
  say(HOLD.said);
  hear();
}
