import { fstatSync, readSync } from 'node:fs';
import { appendBytes } from './append.js';
import type { OpenLog } from './open-log.js';

/** Another program appended between our look and our line, which then has no effect: it is sealed as foreign. */
export class InterruptedAppend extends Error {
  constructor(readonly path: string) {
    super(`${path}: another program wrote at the same moment`);
  }
}

/** Appends where the file ended when the decision was made; `offset` undefined: wherever it ends. */
export function appendAt(log: OpenLog, bytes: Buffer, offset?: number): void {
  appendBytes(log, bytes);
  if (offset === undefined || fstatSync(log.fd).size === offset + bytes.length) return;
  const there = Buffer.alloc(bytes.length);
  readSync(log.fd, there, 0, there.length, offset);
  if (!there.equals(bytes)) throw new InterruptedAppend(log.path);
}
