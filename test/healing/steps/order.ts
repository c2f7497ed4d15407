import { randomBytes } from 'node:crypto';
import type { StepOrder } from '../../../src/healing/playbook.js';

/** What the engine tells a step. */
export function order(more: Partial<StepOrder> = {}): StepOrder {
  return { marker: `test-${randomBytes(8).toString('hex')}`, facts: {}, stop: new AbortController().signal, ...more };
}
