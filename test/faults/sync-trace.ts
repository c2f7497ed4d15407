import type { Violation } from './checks.js';

/** A file of the audit log as the trace finds it. */
export interface TracedFile {
  readonly path: string;
  /** Lines of older files. */
  readonly first: number;
  /** Lines in it. */
  readonly lines: number;
  /** Of those, how many are known to be on the disk: a note covers them. */
  readonly synced: number;
}

export interface TracedFiles {
  readonly audit: readonly TracedFile[];
  readonly incidents: string;
  readonly checkpoints: string;
}

/**
 * Reads what `strace -f -y -s 1000000` saw of programs that append, in order. An entry may vouch for an incident line once
 * that is synced; a note may cover lines once they are; and a record may be acknowledged once a synced note covers it. A
 * sync covers what was written when it began, and counts when it has ended well.
 */
export function wrongSyncs(trace: readonly string[], files: TracedFiles): Violation[] {
  const order = new SyncOrder(files);
  for (const { call, isBegin } of callsIn(trace)) {
    if (call.name === 'write') {
      if (isBegin) order.writing(call);
      else order.written(call);
    } else if (isBegin) order.syncing(call);
    else order.synced(call);
  }
  return order.violations;
}

interface Call {
  readonly name: string;
  readonly file: string;
  /** What is written. */
  readonly text: string;
  /** What the kernel answered; `undefined` while it has not. */
  answer: number | undefined;
}

/** Each call twice: when it begins and when it has ended. */
function* callsIn(trace: readonly string[]): Generator<{ call: Call; isBegin: boolean }, void> {
  const under = new Map<string, Call>();
  for (const line of trace) {
    const [, thread = '', text = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>.*= (-?\d+)/.exec(text);
    const call = resumed ? under.get(thread) : callOf(text);
    if (!call) continue;
    if (resumed) call.answer = Number(resumed[1]);
    else yield { call, isBegin: true };
    if (call.answer === undefined) under.set(thread, call);
    else yield { call, isBegin: false };
  }
}

function callOf(text: string): Call | undefined {
  const [, name = '', file = '', rest = ''] = /^(write|fdatasync|fsync)\(\d+<([^>]*)>(.*)$/.exec(text) ?? [];
  if (name === '') return undefined;
  const [, quoted = ''] = /^, "((?:[^"\\]|\\.)*)"/.exec(rest) ?? [];
  const [, answer] = /= (-?\d+)(?: E[^=]*)?$/.exec(rest) ?? [];
  return { name, file, text: unescaped(quoted), answer: answer === undefined ? undefined : Number(answer) };
}

function unescaped(quoted: string): string {
  return quoted.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
}

class SyncOrder {
  readonly violations: Violation[] = [];
  readonly #files: TracedFiles;
  readonly #audit: { path: string; first: number; lines: number; synced: number }[];
  /** By name, the lines that a record needs: the number of the last one. */
  readonly #lineOf = new Map<string, number>();
  #incidents = { written: 0, synced: 0 };
  #notes = { written: 0, synced: 0 };
  /** By call: how far its file was written when it began. */
  readonly #reach = new Map<Call, number>();

  constructor(files: TracedFiles) {
    this.#files = files;
    this.#audit = files.audit.map((file) => ({ ...file }));
  }

  writing({ file, text }: Call): void {
    if (this.#segment(file) && this.#incidents.synced < this.#incidents.written) {
      this.#odd('vouched before synced', `an entry after ${this.#incidents.written - this.#incidents.synced} bytes`);
    }
    if (file === this.#files.checkpoints) {
      const size = sizeOf(text);
      for (const { path, first, lines, synced } of this.#audit) {
        const covered = Math.min(lines, size - first);
        if (covered > synced) this.#odd('sealed before synced', `${covered} lines of ${path}, ${synced} are synced`);
      }
    }
    const [, name] = /^ACK (.*)\n$/.exec(text) ?? [];
    const line = name === undefined ? undefined : this.#lineOf.get(name);
    if (name !== undefined && (line === undefined || line > this.#notes.synced)) {
      this.#odd('acknowledged before synced', `${name} on line ${line}, ${this.#notes.synced} are under a synced note`);
    }
  }

  written({ file, text, answer = 0 }: Call): void {
    if (answer < 0) return;
    const segment = this.#segment(file);
    if (segment) {
      for (const line of text.slice(0, answer).split('\n').slice(0, -1)) {
        segment.lines++;
        const [, name] = /"resource":"([^"]*)"/.exec(line) ?? [];
        if (name !== undefined) this.#lineOf.set(name, segment.first + segment.lines);
      }
    } else if (file === this.#files.incidents) this.#incidents.written += answer;
    else if (file === this.#files.checkpoints) this.#notes.written = sizeOf(text);
  }

  syncing(call: Call): void {
    const { file } = call;
    const segment = this.#segment(file);
    if (segment) this.#reach.set(call, segment.lines);
    else if (file === this.#files.incidents) this.#reach.set(call, this.#incidents.written);
    else if (file === this.#files.checkpoints) this.#reach.set(call, this.#notes.written);
  }

  synced(call: Call): void {
    const reach = this.#reach.get(call);
    if (reach === undefined || call.answer !== 0) return;
    const segment = this.#segment(call.file);
    const of = segment ?? (call.file === this.#files.incidents ? this.#incidents : this.#notes);
    of.synced = Math.max(of.synced, reach);
  }

  #segment(path: string) {
    return this.#audit.find((file) => file.path === path);
  }

  #odd(kind: Violation['kind'], what: string): void {
    this.violations.push({ kind, what });
  }
}

/** Lines that a note covers; it may begin with the end of a stub. */
function sizeOf(note: string): number {
  return Number(note.trimStart().split('\n')[1]);
}
