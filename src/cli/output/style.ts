import type { Out } from './streams.js';

/** Colour and weight of a text. The words must make sense without: colour is never the only carrier of a meaning. */
export interface Style {
  bold(s: string): string;
  dim(s: string): string;
  green(s: string): string;
  yellow(s: string): string;
  red(s: string): string;
  cyan(s: string): string;
}

const same = (s: string): string => s;

const plain: Style = { bold: same, dim: same, green: same, yellow: same, red: same, cyan: same };

/**
 * chalk is loaded only where there is colour (start-up time), and gets its level from here: by itself it decides once
 * for the process, from stdout, and would colour a redirected stderr.
 */
export async function loadStyle(out: Pick<Out, 'colour'>): Promise<Style> {
  if (!out.colour) return plain;
  const { Chalk } = await import('chalk');
  return new Chalk({ level: 1 });
}
