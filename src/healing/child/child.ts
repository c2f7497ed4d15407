import type { Clock } from '../../core/host/clock.js';

/** A program that is run once: a monitoring plugin, a step, a notification. */
export interface ChildOrder {
  /** Absolute path of the program and its arguments; there is no shell. */
  readonly argv: readonly string[];
  /** Besides PATH, LANG and HOME; what could change how a program is loaded is refused. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Written to its standard input, which is then closed; without it /dev/null. */
  readonly stdin?: string;
  readonly timeout_ms: number;
  /** Stands in its environment as GRACE_ACT, and in that of all that it starts: by it they are found again. */
  readonly marker: string;
  /** Of each stream; the rest is read and dropped. */
  readonly max_output_bytes?: number;
  readonly stop?: AbortSignal;
  readonly clock: Clock;
}

export type ChildEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  /** It and all that it started were ended. */
  | { readonly kind: 'timed_out' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'not_started'; readonly reason: string };

export interface ChildResult {
  readonly end: ChildEnd;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** More was printed than was kept. */
  readonly truncated: boolean;
  readonly duration_s: number;
  /** Pids that were still there after everything had been tried; told, never waited for. */
  readonly survivors: readonly number[];
}
