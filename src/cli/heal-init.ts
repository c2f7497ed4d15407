import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EXIT, OperatorError, systemErrorSentence } from '../core/errors.js';
import { writeWhole } from '../core/journal/replace-file.js';
import { fsyncDirectory } from '../core/journal/sync.js';
import { shellArguments, shellQuoted } from '../core/shell-quoted.js';
import { lookAtHost } from '../healing/starter/look-at-host.js';
import { starterYaml } from '../healing/starter/starter-yaml.js';
import type { Context } from './context.js';
import { escapeText } from './output/escape.js';
import { notWritten, writeOutputFile } from './output-file.js';

export interface HealInitOptions {
  readonly out?: string;
  readonly force?: boolean;
}

/** Others may read how this host is looked after; only its owner may change it. */
const MODE = 0o644;

export async function runHealInit(ctx: Context, options: HealInitOptions): Promise<number> {
  const text = starterYaml(lookAtHost(ctx.clock));
  if (options.out === undefined) {
    ctx.out.write(text);
    return EXIT.done;
  }
  const path = resolve(ctx.cwd, options.out);
  if (options.force) writeOutputFile(ctx, options.out, text);
  else writeNew(path, text);
  ctx.err.write(
    `${escapeText(`wrote ${path}; nothing in it is active yet. Then: grace config check ${shellQuoted(path)}`)}\n`,
  );
  return EXIT.done;
}

function writeNew(path: string, text: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'wx', MODE);
    writeWhole(fd, Buffer.from(text));
    fsyncSync(fd);
    fsyncDirectory(dirname(path));
  } catch (error) {
    // Half of it would look like a whole one.
    if (fd !== undefined) rmSync(path, { force: true });
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw isThere(path, error);
    const sentence = systemErrorSentence(error);
    throw sentence === undefined ? error : notWritten(path, sentence, error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function isThere(path: string, cause: unknown): OperatorError {
  return new OperatorError('GRACE_EXPORT_EXISTS', EXIT.refused, `${path} is there already`, {
    hint: `ls -l ${shellArguments(path)}   # name another file, or remove that one`,
    cause,
  });
}
