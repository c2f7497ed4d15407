import { createRequire } from 'node:module';
import type { Clock } from '../core/host/clock.js';
import { randomHex } from '../core/host/random.js';
import { runChild } from './child/run-child.js';

/** Whichever Node runs us, even if an upgrade has removed it since. */
const OWN_NODE = '/proc/self/exe';
const MAX_ANSWER_BYTES = 64 * 1024;

export interface TaskOrder {
  readonly timeout_ms: number;
  readonly clock: Clock;
  /** Names the act that this is part of. */
  readonly marker?: string | undefined;
  readonly stop?: AbortSignal | undefined;
}

export type TaskEnd =
  /** What it wrote to its standard output, as JSON. */
  | { readonly kind: 'answered'; readonly answer: unknown }
  | { readonly kind: 'timed_out' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Runs a script in a Node of its own: work that blocks for long, needs much memory, or may crash. A thread would not do:
 * one that is inside a native call cannot be ended, and this process could not end before it. The script reads its input
 * from `process.argv[2]`, as JSON.
 */
export async function runNodeTask(script: string, input: object, order: TaskOrder): Promise<TaskEnd> {
  const { timeout_ms, clock, marker = `task-${randomHex(8)}`, stop } = order;
  const { end, stdout, stderr } = await runChild({
    argv: [OWN_NODE, '-', JSON.stringify(input)],
    stdin: script,
    timeout_ms,
    marker,
    max_output_bytes: MAX_ANSWER_BYTES,
    clock,
    ...(stop === undefined ? {} : { stop }),
  });
  if (end.kind === 'timed_out' || end.kind === 'stopped') return end;
  if (end.kind === 'not_started') return { kind: 'failed', reason: end.reason };
  try {
    // An answer counts, however the process ended after it.
    return { kind: 'answered', answer: JSON.parse(stdout.toString('utf8')) };
  } catch {
    const how = end.kind === 'signalled' ? `was ended by ${end.signal}` : `ended with exit code ${end.code}`;
    const said = /^\w*Error: .*$/m.exec(stderr.toString('utf8'))?.[0].slice(0, 200);
    return { kind: 'failed', reason: `the process for it ${how}${said === undefined ? '' : `: ${said}`}` };
  }
}

/**
 * The file that a task requires to have a package that this process has already loaded. A task has no place of its own
 * from which names are resolved, and a bundle knows none that would hold for the sources too.
 */
export function fileOfLoaded(name: string): string | undefined {
  const known = Object.keys(createRequire('/').cache).find((path) => path.includes(`/node_modules/${name}/`));
  return known === undefined ? undefined : createRequire(known).resolve(name);
}
