import { basename } from 'node:path';
import { type Clock, systemClock } from '../core/host/clock.js';
import { randomHex } from '../core/host/random.js';
import { shellQuoted } from '../core/shell-quoted.js';
import { createOut, type Env, type Out, quietOnClosedPipe } from './output/streams.js';
import { loadStyle, type Style } from './output/style.js';

/** Everything a command may touch of the process, passed in. */
export interface Context {
  /** The words after `grace`. */
  readonly args: readonly string[];
  readonly env: Env;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadableStream;
  readonly out: Out;
  readonly err: Out;
  readonly clock: Clock;
  readonly jitter: () => number;
  /** A text no other process uses at this time. */
  readonly unique: string;
  /** Random, 12 hex digits: the end of a new incident's id. */
  readonly newSuffix: () => string;
  /** Why standard output could not be written, if it could not; a reader that went away is no reason. */
  readonly lostOutput: () => Error | undefined;
  readonly style: () => Promise<Style>;
  /** The command as typed, quoted so that it can be pasted. */
  readonly invocation: string;
  /** The folder of the installed package. */
  readonly home: string;
  /** The interpreter that runs us. */
  readonly nodePath: string;
}

export function processContext(home: string): Context {
  const args = process.argv.slice(2);
  const out = createOut(process.stdout, process.env);
  const err = createOut(process.stderr, process.env);
  let lostOutput: Error | undefined;
  quietOnClosedPipe(process.stdout, {
    failed: (error) => {
      lostOutput = error;
    },
  });
  quietOnClosedPipe(process.stderr, { failed: () => undefined });
  let style: Promise<Style> | undefined;
  let unique: string | undefined;
  return {
    args,
    env: process.env,
    cwd: process.cwd(),
    get stdin() {
      return process.stdin;
    },
    out,
    err,
    clock: systemClock,
    jitter: Math.random,
    get unique() {
      unique ??= `${process.pid}-${randomHex(4)}`;
      return unique;
    },
    newSuffix: () => randomHex(6),
    lostOutput: () => lostOutput,
    style: () => {
      style ??= loadStyle(out);
      return style;
    },
    invocation: [basename(process.argv[1] ?? 'grace', '.js'), ...args].map(shellQuoted).join(' '),
    home,
    nodePath: process.execPath,
  };
}
