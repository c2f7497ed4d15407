import { shellQuoted } from './output/shell.js';
import type { WhereOptions } from './where.js';

/** A command that can be pasted and looks where this one looked. */
export function nextCommand(words: readonly string[], { logs, config }: WhereOptions): string {
  const where = [
    ...(logs === undefined ? [] : ['--logs', logs]),
    ...(config === undefined ? [] : ['--config', config]),
  ];
  return ['grace', ...words, ...where].map(shellQuoted).join(' ');
}
