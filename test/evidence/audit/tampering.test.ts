import { closeSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { AuditReport } from '../../../src/evidence/audit/report.js';
import { audited, auditPath, incidentsPath, linesOf, sealedLog } from './setting.js';

const LINES = 100;

const seen = ({ audit_verdict, first_bad }: AuditReport) =>
  `${audit_verdict} ${first_bad?.line ?? '-'} ${first_bad?.kind ?? '-'}`;

it('a log that nobody touched is intact, and says what that rests on', async () => {
  const report = await audited(await sealedLog(LINES));
  expect(report).toMatchObject({
    ...{ audit_verdict: "INTACT, THIS HOST'S WORD ONLY", incident_verdict: 'BOUND', sealed_lines: LINES },
    ...{ unsealed_lines: 0, first_bad: null, foreign_lines: 0, read_lines: LINES },
  });
  expect(report.claims.map(({ verdict }) => verdict)).toEqual(['PASS', 'PASS']);
});

it('every byte that is flipped is found, and its line', async () => {
  const dir = await sealedLog(LINES);
  const path = auditPath(dir);
  const fd = openSync(path, 'r+');
  const lines = linesOf(dir);
  let at = 0;
  let line = 0;
  const wrong: string[] = [];
  for (const bytes of lines) {
    line++;
    for (let i = 0; i < bytes.length; i++, at++) {
      const is = bytes[i] as number;
      writeSync(fd, Buffer.of(is ^ (1 << (at % 8))), 0, 1, at);
      const found = seen(await audited(dir));
      // The last line without its end is none any more.
      const isLastEnd = line === LINES && i === bytes.length - 1;
      const right = isLastEnd ? found.startsWith('TRUNCATED - ') : found.startsWith(`TAMPERED ${line} `);
      if (!right) wrong.push(`byte ${at} of line ${line}: ${found}`);
      writeSync(fd, Buffer.of(is), 0, 1, at);
    }
  }
  closeSync(fd);
  expect(wrong.slice(0, 5)).toEqual([]);
  expect(at).toBe(readFileSync(path).length);
  expect((await audited(dir)).audit_verdict).toMatch(/^INTACT/);
}, 300_000);

it('every line that is dropped, doubled or swapped with the next is found, and where', async () => {
  const dir = await sealedLog(LINES);
  const lines = linesOf(dir);
  const wrong: string[] = [];
  const expectOf = async (what: string, changed: readonly Buffer[], verdict: string) => {
    writeFileSync(auditPath(dir), Buffer.concat(changed));
    const found = seen(await audited(dir));
    if (found !== verdict) wrong.push(`${what}: ${found}, not ${verdict}`);
  };
  for (let i = 0; i < LINES; i++) {
    const [before, line, after] = [lines.slice(0, i), lines.slice(i, i + 1), lines.slice(i + 1)];
    const isLast = i === LINES - 1;
    await expectOf(`dropped ${i + 1}`, [...before, ...after], isLast ? 'TRUNCATED - -' : `TAMPERED ${i + 1} dropped`);
    // The last one twice is a line more, which no note covers.
    const doubled = isLast ? "INTACT, THIS HOST'S WORD ONLY - -" : `TAMPERED ${i + 2} inserted`;
    await expectOf(`doubled ${i + 1}`, [...before, ...line, ...line, ...after], doubled);
    if (isLast) continue;
    const swapped = [...before, ...after.slice(0, 1), ...line, ...after.slice(1)];
    await expectOf(`swapped ${i + 1}`, swapped, `TAMPERED ${i + 1} swapped`);
  }
  expect(wrong).toEqual([]);
}, 120_000);

it('every tail that is cut off is found', async () => {
  const dir = await sealedLog(LINES);
  const whole = readFileSync(auditPath(dir));
  const wrong: string[] = [];
  for (let size = whole.length - 1; size >= 0; size -= size > whole.length - 400 ? 1 : 37) {
    writeFileSync(auditPath(dir), whole);
    truncateSync(auditPath(dir), size);
    const { audit_verdict, claims } = await audited(dir);
    const there = whole.subarray(0, size).filter((byte) => byte === 10).length;
    const said = claims[0].reasons[0];
    if (
      audit_verdict !== 'TRUNCATED' ||
      said !==
        `${LINES} lines were sealed, ${there} ${there === 1 ? 'is' : 'are'} there: the last ${LINES - there === 1 ? '1 line' : `${LINES - there} lines`} gone`
    ) {
      wrong.push(`${size}: ${audit_verdict}: ${said}`);
    }
  }
  expect(wrong.slice(0, 5)).toEqual([]);
}, 120_000);

it('every byte of a bound incident line that is flipped is found', async () => {
  const dir = await sealedLog(5);
  const bytes = readFileSync(incidentsPath(dir));
  const wrong: string[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] as number) ^ (1 << (at % 8));
    writeFileSync(incidentsPath(dir), changed);
    const { audit_verdict, incident_verdict } = await audited(dir);
    const isRight = incident_verdict === 'INCIDENT ALTERED' || incident_verdict === 'INCIDENT MISSING';
    if (!isRight || !audit_verdict.startsWith('INTACT')) wrong.push(`${at}: ${audit_verdict}, ${incident_verdict}`);
  }
  expect(wrong.slice(0, 5)).toEqual([]);
}, 120_000);
