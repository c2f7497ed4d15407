import type { Clock } from '../core/host/clock.js';
import { fileOfLoaded, runNodeTask } from './node-task.js';
import { readRegularFile } from './regular-file.js';

/** No more of a file is parsed. */
export const MAX_PARSED_BYTES = 8 * 1024 * 1024;
/** Reading YAML takes up to a second and 100 MB for each MiB; beyond this it is done in another process. */
const MAX_HERE_BYTES = 32 * 1024;
const TASK_TIMEOUT_MS = 30_000;
const MAX_SHOWN = 200;

export type Format = 'yaml' | 'json' | 'toml';

export type Parsed =
  | { readonly kind: 'parses' }
  | { readonly kind: 'broken'; readonly detail: string }
  /** Whether it parses cannot be told. */
  | { readonly kind: 'undecided'; readonly detail: string };

/** Whether a file of at most {@link MAX_PARSED_BYTES} is a document of that format; what it says does not matter. */
export async function parsesAs(format: Format, path: string, clock: Clock): Promise<Parsed> {
  const read = await readRegularFile(path, MAX_PARSED_BYTES);
  if ('trouble' in read) return { kind: 'undecided', detail: read.trouble.sentence };
  const { bytes } = read;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { kind: 'broken', detail: 'it is not UTF-8' };
  }
  try {
    return bytes.length > MAX_HERE_BYTES && format === 'yaml'
      ? await yamlElsewhere(path, clock)
      : await parse(format, text);
  } catch (error) {
    // What nests too deep for us may be right for others.
    if (error instanceof RangeError) return { kind: 'undecided', detail: error.message };
    return broken((error as Error).message);
  }
}

async function parse(format: Format, text: string): Promise<Parsed> {
  switch (format) {
    case 'json':
      JSON.parse(text);
      return { kind: 'parses' };
    case 'toml': {
      const { parse: parseToml } = await import('smol-toml');
      parseToml(text);
      return { kind: 'parses' };
    }
    case 'yaml': {
      const { parseAllDocuments } = await import('yaml');
      const problem = [...parseAllDocuments(text)].flatMap(({ errors }) => errors)[0];
      return problem === undefined ? { kind: 'parses' } : broken(problem.message);
    }
  }
}

async function yamlElsewhere(path: string, clock: Clock): Promise<Parsed> {
  await import('yaml');
  const yaml = fileOfLoaded('yaml');
  if (yaml === undefined) return { kind: 'undecided', detail: 'yaml cannot be loaded' };
  const end = await runNodeTask(TASK, { yaml, path }, { timeout_ms: TASK_TIMEOUT_MS, clock });
  switch (end.kind) {
    case 'answered': {
      const { problem } = end.answer as { problem: string | null };
      return problem === null ? { kind: 'parses' } : broken(problem);
    }
    case 'failed':
      return { kind: 'undecided', detail: end.reason };
    default:
      return { kind: 'undecided', detail: `it could not be parsed within ${TASK_TIMEOUT_MS / 1000} s` };
  }
}

const TASK = `'use strict';
const { yaml, path } = JSON.parse(process.argv[2]);
const documents = require(yaml).parseAllDocuments(require('node:fs').readFileSync(path, 'utf8'));
const problem = [...documents].flatMap(({ errors }) => errors)[0];
process.stdout.write(JSON.stringify({ problem: problem === undefined ? null : problem.message }));
`;

function broken(message: string): Parsed {
  return { kind: 'broken', detail: (message.split('\n')[0] ?? '').replace(/:$/, '').slice(0, MAX_SHOWN) };
}
