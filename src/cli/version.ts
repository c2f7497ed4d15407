import { readFileSync } from 'node:fs';
import type { Context } from './context.js';

export function packageVersion(ctx: Pick<Context, 'home'>): string {
  const { version } = JSON.parse(readFileSync(new URL('package.json', ctx.home), 'utf8')) as { version: string };
  return version;
}
