import { readFileSync } from 'node:fs';
import { type Health, healthServer } from './health-server.js';
import type { Served, ServiceWords } from './served.js';

/**
 * Works by a JSON file. It does not start with one that is broken; with one that breaks while it runs it answers 503 until
 * it is told to read it again.
 */
export async function serveConfigured({ port, word }: ServiceWords): Promise<Served> {
  const path = word('config');
  greetingOf(path);
  let health: Health;
  const reload = () => {
    try {
      health = { status: 200, says: greetingOf(path) };
    } catch (error) {
      health = { status: 503, says: `no configuration: ${(error as Error).message}` };
    }
  };
  reload();
  return { port: await healthServer({ port, nonce: word('nonce'), health: () => health }), reload };
}

function greetingOf(path: string): string {
  const config: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const { greeting } = (typeof config === 'object' && config !== null ? config : {}) as { greeting?: unknown };
  if (typeof greeting !== 'string') throw new Error('there is no greeting in it');
  return greeting;
}
