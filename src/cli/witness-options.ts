import type { WritingOptions } from './where.js';

export interface WitnessOptions extends WritingOptions {
  readonly accept?: string;
  readonly rekey?: boolean;
  readonly store?: string;
  readonly witnessKey?: string;
  readonly vkey?: string;
  readonly out?: string;
  readonly json?: boolean;
}
