import { shellQuoted } from '../core/shell-quoted.js';
import type { WhereOptions } from './where.js';

/** A command that can be pasted and looks where this one looked. What follows a `--` among its words stays behind it. */
export function nextCommand(words: readonly string[], where: WhereOptions): string {
  return ['grace', ...nextWords(words, where)].map(shellQuoted).join(' ');
}

/** The same as words after `grace`. */
export function nextWords(words: readonly string[], { logs, config }: WhereOptions): string[] {
  const where = [
    ...(logs === undefined ? [] : ['--logs', logs]),
    ...(config === undefined ? [] : ['--config', config]),
  ];
  const guard = words.indexOf('--');
  const end = guard === -1 ? words.length : guard;
  return [...words.slice(0, end), ...where, ...words.slice(end)];
}
