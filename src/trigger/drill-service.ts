/**
 * A program of its own, started by a drill and started again by its remedy: a small service of one of several kinds that
 * can be broken.
 *
 *     node drill-service.js web --home /tmp/grace-drill-x --port 0 --nonce 4a5f
 *
 * Prints `{"ready":PORT}`, or `{"failed":CODE}` and exits 3. SIGHUP: reads its files again and prints `{"done":"reload"}`.
 * SIGUSR2: breaks and prints `{"done":"spoil"}`. Ends on SIGTERM, when its home is gone, and after 120 s at the latest.
 */
import { existsSync, writeSync } from 'node:fs';
// The process is this program's own to use: it is an entry point, like the face. Of ours it loads its kinds alone, since
// the time it takes to start is time the drill waits.
import process from 'node:process';
import { parseArgs } from 'node:util';
import { serveApi } from './service/api.js';
import { serveClient } from './service/client.js';
import { serveConfigured } from './service/configured.js';
import { serveDatabase } from './service/database.js';
import { serveForwarder } from './service/forwarder.js';
import { serveFront } from './service/front.js';
import { serveJob } from './service/job.js';
import { serveLeak } from './service/leak.js';
import { serveNames } from './service/name-server.js';
import { SERVICE_WORDS, type Served, type ServiceWord, type ServiceWords } from './service/served.js';
import { serveSlow } from './service/slow.js';
import { serveTls } from './service/tls-server.js';
import { serveWeb } from './service/web.js';

const LIFE_LIMIT_MS = 120_000;
const LOOK_MS = 250;
const EXIT_FAILED = 3;

const KINDS: Readonly<Record<string, (words: ServiceWords) => Promise<Served>>> = {
  api: serveApi,
  client: serveClient,
  configured: serveConfigured,
  database: serveDatabase,
  forwarder: serveForwarder,
  front: serveFront,
  job: serveJob,
  leak: serveLeak,
  names: serveNames,
  slow: serveSlow,
  tls: serveTls,
  web: serveWeb,
  worker: async () => ({ port: null }),
};

const end = () => process.exit(0);
process.on('SIGTERM', end);

const text = { type: 'string' } as const;
const words = Object.fromEntries(SERVICE_WORDS.map((name) => [name, text])) as Record<ServiceWord, typeof text>;
let told: ReturnType<typeof tell>;
try {
  told = tell();
} catch {
  fail('ERR_USAGE');
}
const { values, positionals } = told;
const home = values.home ?? '';
const serve = KINDS[positionals[0] ?? ''];
const port = Number(values.port ?? 0);
const delay_ms = Number(values['start-delay-ms'] ?? 0);
if (serve === undefined || home === '' || !(Number.isInteger(port) && port >= 0 && port <= 65_535 && delay_ms >= 0)) {
  fail('ERR_USAGE');
}

setTimeout(end, LIFE_LIMIT_MS);
const look = () => existsSync(home) || end();
look();
setInterval(look, LOOK_MS);

let served: Served | undefined;
process.on('SIGHUP', async () => {
  await served?.reload?.();
  say({ done: 'reload' });
});
process.on('SIGUSR2', async () => {
  await served?.spoil?.();
  say({ done: 'spoil' });
});

// Its own timers keep it running from here on.
setTimeout(async () => {
  try {
    served = await serve({ port, word, number: (name) => Number(word(name)) });
    say({ ready: served.port });
  } catch (error) {
    fail((error as NodeJS.ErrnoException).code ?? (error as Error).message);
  }
}, delay_ms);

function tell() {
  return parseArgs({
    allowPositionals: true,
    options: { ...words, home: text, port: text, 'start-delay-ms': text },
  });
}

function word(name: ServiceWord): string {
  const value = values[name];
  if (value === undefined) throw new Error(`--${name} is missing`);
  return value;
}

/** At once and whole. Nobody may listen any more: then it is for the keeper to end this. */
function say(line: object): void {
  try {
    writeSync(1, `${JSON.stringify(line)}\n`);
  } catch {}
}

function fail(code: string): never {
  say({ failed: code });
  process.exit(EXIT_FAILED);
}
