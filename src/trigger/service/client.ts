import { readFileSync } from 'node:fs';
import { type Health, healthServer } from './health-server.js';
import { SERVICE_HOST, type Served, type ServiceWords } from './served.js';

/**
 * Needs an API for its full service. Once its credentials were refused it does not ask again until it is told to: who
 * repeats them is locked out. By `{"mode":"degraded"}` in its settings it does without the API.
 */
export async function serveClient({ port, word, number }: ServiceWords): Promise<Served> {
  const api = number('api');
  let settings = settingsOf(word('config'));
  let refused = false;
  const health = async (): Promise<Health> => {
    if (settings.mode === 'degraded') return { status: 200, says: 'degraded: it does without its API' };
    if (!refused) refused = (await ask(api, readFileSync(word('credentials'), 'utf8').trim())) === 401;
    return refused
      ? { status: 503, says: 'its credentials were refused; it does not ask again' }
      : { status: 200, says: 'full service' };
  };
  return {
    port: await healthServer({ port, nonce: word('nonce'), health }),
    reload() {
      settings = settingsOf(word('config'));
      refused = false;
    },
  };
}

function settingsOf(path: string): { readonly mode?: unknown } {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** `undefined`: no answer. */
async function ask(port: number, token: string): Promise<number | undefined> {
  const { request } = await import('node:http');
  return new Promise((resolve) => {
    request({ host: SERVICE_HOST, port, headers: { authorization: `Bearer ${token}` } }, (answer) => {
      answer.resume().on('close', () => resolve(answer.statusCode));
    })
      .on('error', () => resolve(undefined))
      .end();
  });
}
