import type { Context } from './context.js';
import type { Done, Program } from './program.js';

export function registerEvidence(_program: Program, _ctx: Context, _done: Done): void {}
