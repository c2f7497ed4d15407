import type { Context } from './context.js';
import type { Done, Program } from './program.js';

export function registerDoctor(_program: Program, _ctx: Context, _done: Done): void {}
