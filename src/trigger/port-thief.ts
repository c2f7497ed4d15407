/**
 * A program of its own, started by a drill: takes a port and will not let go of it.
 *
 *     node port-thief.js --port 8080 --host 127.0.0.1
 *
 * Prints `{"listening":PORT}`, or `{"failed":CODE}` and exits 3. Answers every request with 503. Ignores SIGTERM, SIGINT
 * and SIGHUP; ends when its stdin does, which is when whoever holds the other end has died, however that came about, and
 * after 60 s at the latest.
 */
import { writeSync } from 'node:fs';
import { createServer } from 'node:http';
// The process is this program's own to use: it is an entry point, like the face, and no part of the room is loaded with
// it. It imports nothing of ours, since the time it takes to start is time the drill waits.
import process from 'node:process';

const LIFE_LIMIT_MS = 60_000;
const EXIT_FAILED = 3;

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});

const end = () => process.exit(0);
process.stdin.on('end', end).on('close', end).on('error', end).resume();
setTimeout(end, LIFE_LIMIT_MS);

const port = Number(argument('--port'));
const host = argument('--host');
if (host === undefined || !Number.isInteger(port) || port < 0 || port > 65_535) fail('ERR_USAGE');

const server = createServer((_request, response) => {
  response.writeHead(503, { 'content-length': 0, connection: 'close' }).end();
});
server.on('error', (error: NodeJS.ErrnoException) => {
  // A failed accept is no reason to give up the port.
  if (!server.listening) fail(error.code ?? error.message);
});
server.listen({ port, host, exclusive: true }, () => {
  const address = server.address();
  say({ listening: typeof address === 'object' ? address?.port : port });
});

function argument(name: string): string | undefined {
  const at = process.argv.indexOf(name, 2);
  return at === -1 ? undefined : process.argv[at + 1];
}

/** At once and whole, or not at all: nobody listens to a thief whose stdout is broken. */
function say(line: { listening: number | undefined } | { failed: string }): void {
  try {
    writeSync(1, `${JSON.stringify(line)}\n`);
  } catch {
    process.exit(EXIT_FAILED);
  }
}

function fail(code: string): never {
  say({ failed: code });
  process.exit(EXIT_FAILED);
}
