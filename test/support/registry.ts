import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/core/host/clock.js';
import { LOG_FILE, type LogName, logPath } from '../../src/core/journal/log-files.js';
import { Ledger, type LedgerOptions } from '../../src/core/ledger.js';
import { Registry, type RegistryOptions } from '../../src/core/registry/registry.js';

let opened = 0;

export function registryOptions(): RegistryOptions {
  return { clock: systemClock, jitter: Math.random, unique: `${process.pid}-${opened++}` };
}

/** Closed when the test ends. */
export function openRegistry(dir: string, change: Partial<RegistryOptions> = {}): Registry {
  const registry = new Registry(dir, { ...registryOptions(), ...change });
  onTestFinished(() => registry.close());
  return registry;
}

export function openLedger(dir: string, change: Partial<LedgerOptions> = {}): Ledger {
  const ledger = new Ledger({ ...registryOptions(), dir, invocation: 'grace test', ...change });
  let closed = false;
  const close = ledger.close.bind(ledger);
  ledger.close = () => {
    if (!closed) close();
    closed = true;
  };
  onTestFinished(() => ledger.close());
  return ledger;
}

/** Removes the registry as an operator would, with what belongs to it. */
export function deleteRegistry(dir: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(dir, `registry.db${suffix}`), { force: true });
}

export { LOG_FILE, type LogName, logPath };
