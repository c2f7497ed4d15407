import { Worker } from 'node:worker_threads';
import { type ByteRange, type HashedRange, hashRange } from '../../core/seal/hash-range.js';

/** Large enough that handing over costs nothing, small enough that memory stays flat. */
const RANGE_BYTES = 4 << 20;
/** Less than this one thread has done before another has started. */
const WORTH_THREADS = 64 << 20;
const THREADS = 2;

/** A file of the log, as far as it is looked at. */
export interface SnapshotFile {
  readonly name: string;
  /** Open: a rotation that comes meanwhile does not change what is read. */
  readonly fd: number;
  readonly dev: number;
  readonly ino: number;
  /** Bytes, when the verification began; what is appended meanwhile is for the next one. */
  readonly size: number;
  /** Where to begin: 0, or the end of some line. */
  readonly from: number;
}

export interface FileRange {
  readonly file: number;
  readonly range: ByteRange;
  readonly hashed: HashedRange;
}

/** The ranges of all files in order, hashed ahead by two threads when there is enough to hash. `program`: the built leaf-worker.js. */
export async function* leavesOf(files: readonly SnapshotFile[], program: string): AsyncGenerator<FileRange> {
  const ranges = files.flatMap((file, i) => rangesOf(file).map((range) => ({ file: i, range })));
  const bytes = files.reduce((sum, { size, from }) => sum + size - from, 0);
  if (bytes < WORTH_THREADS) {
    for (const { file, range } of ranges) yield { file, range, hashed: hashRange(range) };
    return;
  }
  const threads = Array.from({ length: THREADS }, () => new HashingThread(program));
  try {
    const ahead: Promise<HashedRange>[] = [];
    let next = 0;
    const ask = () => {
      const asked = ranges[next];
      const thread = threads[next % THREADS];
      if (asked && thread) ahead.push(thread.hash(asked.range));
      next++;
    };
    for (let i = 0; i < 2 * THREADS; i++) ask();
    for (const { file, range } of ranges) {
      const hashed = await ahead.shift();
      if (!hashed) throw new Error('a range was never asked for');
      ask();
      yield { file, range, hashed };
    }
  } finally {
    await Promise.all(threads.map((thread) => thread.end()));
  }
}

function rangesOf({ fd, size, from }: SnapshotFile): ByteRange[] {
  const ranges: ByteRange[] = [];
  for (let at = from; at < size; at += RANGE_BYTES) {
    ranges.push({ fd, from: at, to: Math.min(size, at + RANGE_BYTES), size });
  }
  return ranges;
}

interface Answer {
  readonly hashed?: HashedRange;
  readonly error?: string;
}

/** Answers in the order in which it was asked. */
class HashingThread {
  readonly #worker: Worker;
  readonly #waiting: { resolve: (hashed: HashedRange) => void; reject: (error: Error) => void }[] = [];

  constructor(program: string) {
    this.#worker = new Worker(program);
    this.#worker.on('message', ({ hashed, error }: Answer) => {
      const asked = this.#waiting.shift();
      if (hashed) asked?.resolve(hashed);
      else asked?.reject(new Error(error));
    });
    this.#worker.on('error', (error) => {
      for (const asked of this.#waiting.splice(0)) asked.reject(error as Error);
    });
  }

  hash(range: ByteRange): Promise<HashedRange> {
    const answer = new Promise<HashedRange>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
    // Whoever asked may have gone on to throw for another reason.
    answer.catch(() => undefined);
    this.#worker.postMessage(range);
    return answer;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
