import { closeSync, constants, existsSync, mkdirSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Checkpoint } from '../audit/checkpoint.js';
import { cosignaturesOf } from '../audit/cosignatures.js';
import { sha256 } from '../audit/hash.js';
import { formatVerifierKey, parseVerifierKey, type VerifierKey } from '../audit/keys.js';
import { openCheckpoint } from '../audit/signed-checkpoint.js';
import { EXIT, OperatorError, systemErrorSentence } from '../errors.js';
import { inspectDirectory } from '../journal/directory.js';
import { replaceFile } from '../journal/replace-file.js';
import { shellArguments } from '../shell-quoted.js';

/** A log as a witness saw it last. */
export interface WitnessedLog {
  readonly keys: readonly VerifierKey[];
  readonly checkpoint: Checkpoint;
  /** Seconds since 1970. */
  readonly at_s: number | undefined;
}

/** Only for the eyes of the account that witnesses. */
const MODE = 0o600;

/**
 * What a witness remembers: of each log its public keys and the last checkpoint that it cosigned, in one file, so that
 * neither is ever there without the other; and which log it found in which directory. Used under the witness's lock.
 */
export class WitnessStore {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** Makes the directory (0700) when there is none. */
  static open(dir: string): WitnessStore {
    try {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
    } catch (error) {
      const sentence = systemErrorSentence(error);
      if (sentence === undefined) throw error;
      throw refused(dir, sentence, error);
    }
    const { ours, unwritable, mode } = inspectDirectory(dir);
    if (!ours || unwritable !== undefined) throw refused(dir, unwritable ?? 'it is not of this account');
    if ((mode & 0o022) !== 0) throw refused(dir, 'others may write there');
    return new WitnessStore(dir);
  }

  get lockFile(): string {
    return join(this.dir, 'witness.lock');
  }

  get keyFile(): string {
    return join(this.dir, 'witness.key');
  }

  /** `undefined`: this log was never seen. Throws `GRACE_STORE_DAMAGED`: what cannot be read must not count as nothing. */
  log(origin: string): WitnessedLog | undefined {
    const path = this.#logFile(origin);
    if (!existsSync(path)) return undefined;
    const text = readText(path);
    const gap = text.indexOf('\n\n');
    const lines = text.slice(0, gap === -1 ? text.length : gap).split('\n');
    const keys = lines.map((line, i) => {
      const parsed = parseVerifierKey(line);
      if (!parsed.ok) throw damaged(`${path}:${i + 1}`, parsed.reason);
      return parsed.key;
    });
    const opened = openCheckpoint(text.slice(gap + 2), keys);
    if (gap === -1 || !opened.ok) throw damaged(`${path}:${lines.length + 2}`, opened.ok ? 'no note' : opened.reason);
    const { checkpoint, note } = opened;
    if (checkpoint.origin !== origin) throw damaged(path, `it is about ${checkpoint.origin}`);
    return { keys, checkpoint, at_s: cosignaturesOf(note).at(-1)?.at_s };
  }

  /** Durable when it returns. */
  remember(origin: string, keys: readonly VerifierKey[], note: string): void {
    this.#replace(this.#logFile(origin), `${keys.map(formatVerifierKey).join('\n')}\n\n${note}`);
  }

  /** The log that was found in a directory before. */
  originAt(source: string): string | undefined {
    return this.#sources().get(realpathSync(source));
  }

  rememberSource(source: string, origin: string): void {
    const sources = this.#sources();
    const path = realpathSync(source);
    if (sources.get(path) === origin) return;
    sources.set(path, origin);
    this.#replace(this.#sourcesFile, [...sources].map((pair) => `${JSON.stringify(pair)}\n`).join(''));
  }

  #sources(): Map<string, string> {
    const path = this.#sourcesFile;
    const lines = existsSync(path) ? readText(path).split('\n').slice(0, -1) : [];
    return new Map(
      lines.map((line, i) => {
        const pair = pairOf(line);
        if (!pair) throw damaged(`${path}:${i + 1}`, 'no directory and its log');
        return pair;
      }),
    );
  }

  get #sourcesFile(): string {
    return join(this.dir, 'sources.jsonl');
  }

  /** An origin may hold any character: what a file name cannot, its hash keeps apart. */
  #logFile(origin: string): string {
    const readable = origin.replace(/[^A-Za-z0-9.-]/g, '_').slice(0, 100);
    return join(this.dir, `log-${readable}-${sha256(Buffer.from(origin)).toString('hex').slice(0, 16)}`);
  }

  #replace(path: string, text: string): void {
    try {
      replaceFile(path, text, MODE);
    } catch (error) {
      const sentence = systemErrorSentence(error);
      if (sentence === undefined) throw error;
      throw refused(this.dir, sentence, error);
    }
  }
}

function pairOf(line: string): [string, string] | undefined {
  try {
    const [path, origin] = JSON.parse(line) as unknown[];
    return typeof path === 'string' && typeof origin === 'string' ? [path, origin] : undefined;
  } catch {
    return undefined;
  }
}

function readText(path: string): string {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return readFileSync(fd, 'utf8');
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw damaged(path, systemErrorSentence(error) ?? 'it cannot be read', error);
  }
}

function refused(dir: string, why: string, cause?: unknown): OperatorError {
  return new OperatorError('GRACE_STORE_REFUSED', EXIT.refused, `${dir} is refused as a witness's store: ${why}`, {
    hint: `ls -ld ${shellArguments(resolve(dir))}   # or name another: --store DIR`,
    cause,
  });
}

function damaged(place: string, why: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'GRACE_STORE_DAMAGED',
    EXIT.invalidData,
    `${place}: what the witness remembers is damaged: ${why}`,
    { hint: 'put the file back from a copy   # without it the witness would sign whatever it is shown', cause },
  );
}
