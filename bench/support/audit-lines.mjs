import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './workspace.mjs';

/** The old system's log, where the project's shared folder is; else a few invented lines of the same shape. */
const SOURCES = [
  join(ROOT, '..', 'shared', 'data', 'legacy-2025-11-20', 'immutable_audit.jsonl'),
  join(ROOT, 'bench', 'support', 'audit-sample.jsonl'),
];

const FIRST_MS = Date.parse('2025-11-14T06:49:26Z');

/** A file of `count` audit lines (585 bytes each in the mean), always the same; made once and kept between runs. */
export function auditFile(count) {
  const source = SOURCES.find((path) => existsSync(path));
  const templates = readFileSync(source, 'utf8').trimEnd().split('\n').map(template);
  const dir = join(tmpdir(), `grace-bench-lines-${process.getuid()}`);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, `${count}-of-${templates.length}.jsonl`);
  if (!existsSync(path)) {
    const fd = openSync(`${path}.part`, 'w', 0o600);
    for (let n = 0; n < count; ) {
      const end = Math.min(count, n + 10_000);
      let text = '';
      for (; n < end; n++) text += auditLine(templates[n % templates.length], n);
      writeSync(fd, text);
    }
    closeSync(fd);
    renameSync(`${path}.part`, path);
  }
  return { path, bytes: statSync(path).size, lines: count };
}

/** `count` lines as they come after the first `from`. */
export function moreLines(from, count) {
  const source = SOURCES.find((path) => existsSync(path));
  const templates = readFileSync(source, 'utf8').trimEnd().split('\n').map(template);
  let text = '';
  for (let n = from; n < from + count; n++) text += auditLine(templates[n % templates.length], n);
  return text;
}

/** What stands behind the id and the time of a line: all lines begin with these two. */
function template(line) {
  const { entry_id, timestamp } = JSON.parse(line);
  const head = `{"entry_id": ${JSON.stringify(entry_id)}, "timestamp": ${JSON.stringify(timestamp)}, `;
  if (!line.startsWith(head)) throw new Error(`not shaped like the others: ${line.slice(0, 80)}`);
  return line.slice(head.length);
}

/** Ids and times of their own, one line each 7 ms, in the old system's spelling. */
function auditLine(rest, n) {
  const time = new Date(FIRST_MS + n * 7).toISOString().slice(0, -1) + String(n % 1000).padStart(3, '0');
  return `{"entry_id": "log_${n + 1}_${time.replace(/[-:T.]/g, '')}", "timestamp": "${time}", ${rest}\n`;
}
