/**
 * A program of its own, started by a drill before anything else: makes the drill's directory, and when whoever holds the
 * other end of its stdin has died, however that came about, it ends all that the drill has started, unmounts what it has
 * mounted and removes the directory.
 *
 *     node drill-keeper.js /tmp
 *
 * Prints `{"directory":PATH}`, or `{"failed":CODE}` and exits 3. Ignores SIGTERM, SIGINT and SIGHUP. At a stdin that ends
 * after the word `over` nothing can come any more, and it ends at once; exits 1 if something is left.
 */
import { mkdtempSync, realpathSync, writeSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
// The process is this program's own to use: it is an entry point, like the face.
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeRemains } from './drill-remains.js';

const EXIT_LEFT = 1;
const EXIT_FAILED = 3;
/** A program may have been about to be started when its parent was killed. It finds no directory, and ends by itself. */
const LINGER_POLLS = 10;
const MAX_POLLS = 100;
const POLL_MS = 100;

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});

let heard = '';
const ended = new Promise<void>((resolve) => {
  process.stdin
    .on('data', (chunk) => {
      heard += chunk;
    })
    .on('end', resolve)
    .on('close', resolve)
    .on('error', () => resolve());
});

const parent = process.argv[2] ?? '';
if (!isAbsolute(parent)) fail('ERR_USAGE');
let directory: string;
try {
  directory = realpathSync(mkdtempSync(join(parent, 'grace-drill-')));
} catch (error) {
  fail((error as NodeJS.ErrnoException).code ?? (error as Error).message);
}
say({ directory });
await ended;

const least = heard === 'over' ? 1 : LINGER_POLLS;
for (let polls = 1; ; polls++) {
  const left = await removeRemains(directory);
  if (left.length === 0 && polls >= least) process.exit(0);
  if (polls >= MAX_POLLS) process.exit(EXIT_LEFT);
  await sleep(POLL_MS);
}

/** Nobody may listen any more: then stdin has ended, too. */
function say(line: object): void {
  try {
    writeSync(1, `${JSON.stringify(line)}\n`);
  } catch {}
}

function fail(code: string): never {
  say({ failed: code });
  process.exit(EXIT_FAILED);
}
