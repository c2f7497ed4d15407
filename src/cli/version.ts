import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from './context.js';

export function packageVersion(ctx: Pick<Context, 'home'>): string {
  const { version } = JSON.parse(readFileSync(join(ctx.home, 'package.json'), 'utf8')) as { version: string };
  return version;
}
