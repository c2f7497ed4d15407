import { systemClock } from '../../../src/core/host/clock.js';
import { Registry } from '../../../src/core/registry/registry.js';
import { main, say } from './main.js';

/** project DIR WRITER [rebuild]: projects the logs into the registry, or builds it anew. */
void main(async (dir = '', writer = '', how = 'sync') => {
  const registry = new Registry(dir, { clock: systemClock, jitter: Math.random, unique: writer });
  if (how === 'rebuild') registry.rebuild('the harness asked for it');
  else registry.sync();
  registry.close();
  say('SYNCED');
});
