/**
 * The two streams a command may write to, as the rest of the face sees them. Each decides by itself whether it gets
 * colour: `grace … | less` keeps a coloured stderr on the terminal.
 */

export interface Out {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Of the terminal as it is now; where there is none, `$COLUMNS` or 80. */
  readonly columns: number;
  readonly colour: boolean;
}

export type Env = Readonly<Record<string, string | undefined>>;

/** Streams whose reader has gone away; what is still written to them is dropped. */
const closed = new WeakSet<NodeJS.WritableStream>();

/**
 * Nothing here waits or buffers: Node writes to files, terminals and pipes on Linux before `write` returns, so output
 * is complete when the process ends by itself. Never end it with `process.exit`.
 */
export function createOut(stream: NodeJS.WriteStream, env: Env): Out {
  const isTTY = stream.isTTY === true;
  return {
    isTTY,
    colour: wantsColour(env, isTTY),
    get columns() {
      return (isTTY && stream.columns > 0 ? stream.columns : undefined) ?? columnsFromEnv(env) ?? 80;
    },
    write(text) {
      if (!closed.has(stream)) stream.write(text);
    },
  };
}

/** https://no-color.org, then https://force-color.org (an empty value of either counts as unset), then the stream. */
export function wantsColour(env: Env, isTTY: boolean): boolean {
  if (env.NO_COLOR) return false;
  const forced = env.FORCE_COLOR;
  if (forced) return forced !== '0' && forced !== 'false';
  return isTTY && env.TERM !== 'dumb';
}

function columnsFromEnv(env: Env): number | undefined {
  const text = env.COLUMNS ?? '';
  return /^[1-9]\d{0,4}$/.test(text) ? Number(text) : undefined;
}

export interface PipeEvents {
  /** Called once when the reader has gone: a command that follows a log for ever has no reason to go on. */
  closed?(): void;
  /** Any other failure to write (a full disk). Without this it is thrown: output that got lost is no success. */
  failed?(error: Error): void;
}

/** A terminal that was closed, or an ssh session that was cut: its reader has gone as well. */
function isHungUp(stream: NodeJS.WritableStream, error: NodeJS.ErrnoException): boolean {
  return error.code === 'EIO' && (stream as Partial<NodeJS.WriteStream>).isTTY === true;
}

/**
 * `| head` is not an error. When the reader closes the pipe, writing stops, the command does the rest of its work and
 * the process ends with the exit code it would have had.
 */
export function quietOnClosedPipe(stream: NodeJS.WritableStream, on: PipeEvents = {}): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Writes that were under way when the first one failed report as well.
    if (closed.has(stream)) return;
    if (error.code === 'EPIPE' || isHungUp(stream, error)) {
      closed.add(stream);
      on.closed?.();
    } else if (on.failed) {
      closed.add(stream);
      on.failed(error);
    } else {
      throw error;
    }
  });
}
