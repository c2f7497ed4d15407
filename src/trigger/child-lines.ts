import type { ChildProcess } from 'node:child_process';

const MAX_LINE_CHARS = 4096;

export type Said =
  | { readonly kind: 'line'; readonly line: string }
  /** Why there is none: a clause such as `it ended early with code 1`. */
  | { readonly kind: 'nothing'; readonly reason: string; readonly cause?: Error };

/** What a child prints, line by line. It is listened to from the beginning, whether anybody asks or not. */
export class ChildLines {
  readonly #lines: string[] = [];
  #rest = '';
  #over: Extract<Said, { kind: 'nothing' }> | undefined;
  #heard = () => {};

  constructor(child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => this.#take(chunk));
    child.stdout?.on('error', () => {});
    child.once('error', (error) => this.#end({ kind: 'nothing', reason: error.message, cause: error }));
    // Not 'exit', which may come before the last of its output.
    child.once('close', (code, signal) =>
      this.#end({ kind: 'nothing', reason: `it ended early with ${signal ?? `code ${code}`}` }),
    );
  }

  /** Asked by one at a time. */
  next(limit_ms: number): Promise<Said> {
    return new Promise((resolve) => {
      const answer = () => {
        const line = this.#lines.shift();
        const said = line === undefined ? this.#over : ({ kind: 'line', line } as const);
        if (said === undefined) return;
        settle(said);
      };
      const settle = (said: Said) => {
        clearTimeout(timer);
        this.#heard = () => {};
        resolve(said);
      };
      const timer = setTimeout(
        () => settle({ kind: 'nothing', reason: `it said nothing within ${limit_ms} ms` }),
        limit_ms,
      );
      this.#heard = answer;
      answer();
    });
  }

  #take(chunk: string): void {
    if (this.#over !== undefined) return;
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    if ([...lines, this.#rest].some((line) => line.length > MAX_LINE_CHARS)) {
      this.#end({ kind: 'nothing', reason: 'it does not speak as it should' });
    } else {
      this.#lines.push(...lines);
      this.#heard();
    }
  }

  #end(why: Extract<Said, { kind: 'nothing' }>): void {
    this.#over ??= why;
    this.#heard();
  }
}

/** The object that a line of JSON holds; `undefined` for anything else. */
export function objectOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
