import type { Done, Program } from './command.js';
import type { Context } from './context.js';

export function registerEvidence(_program: Program, _ctx: Context, _done: Done): void {}
