import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOG_NAMES, logPath } from '../../src/core/journal/log-files.js';
import { ACTION } from '../../src/core/records/audit-actions.js';
import { inspect, logBytes, look, recoverTwice } from '../support/fault-evidence.js';
import { acksOf, type Run, run, start } from '../support/fault-run.js';
import { withScratch } from '../support/fault-scratch.js';
import { tool, withoutLogrotate } from '../support/fault-tools.js';
import { bundlePrograms } from './bundle.js';
import {
  countKinds,
  type Evidence,
  type Kind,
  showSome,
  unclearFailure,
  type Violation,
  violationsIn,
} from './checks.js';
import { linesOf } from './lines.js';
import { wrongPosition, wrongSeal } from './seal-checks.js';

const without = withoutLogrotate();

describe('rotation', () => {
  let programs: Awaited<ReturnType<typeof bundlePrograms>>;

  beforeAll(async () => {
    programs = await bundlePrograms();
  });
  afterAll(() => programs?.remove());

  const inLogs = (work: (dir: string, rotate: (mode: string) => void) => Promise<void>) =>
    withScratch(async (scratch) => {
      const dir = join(scratch, 'logs');
      mkdirSync(dir, { mode: 0o750 });
      const rotate = (mode: string) => {
        const files = LOG_NAMES.map((log) => logPath(dir, log)).join(' ');
        const config = join(scratch, 'logrotate.conf');
        writeFileSync(config, `${files} {\n  rotate 100\n  nocompress\n  ${mode}\n}\n`, { mode: 0o600 });
        tool('logrotate', '-f', '-s', join(scratch, 'state'), config);
      };
      await work(dir, rotate);
    });

  /** What the runs have left, before anybody has put anything right. */
  const leftBy = (dir: string, ...runs: Run[]): Violation[] => {
    const left = look(dir);
    const acks = runs.flatMap(({ said }) => acksOf(said));
    return [...runs.flatMap(unclearFailure), ...wrongSeal(left, acks), ...wrongPosition(left)];
  };

  it.skipIf(without)('by rename, under running appenders: followed, nothing lost', async () => {
    await inLogs(async (dir, rotate) => {
      const running = [1, 2].map((i) => start(programs.append, [dir, `w${i}`, '250', '2']));
      await Promise.all(running.map(({ heard }) => heard((line) => line.startsWith('ACK '))));
      let rotations = 0;
      let over = false;
      const ends = Promise.all(running.map((program) => program.ended)).finally(() => {
        over = true;
      });
      while (!over) {
        rotate('create 0640 root root');
        rotations++;
        await sleep(60);
      }
      const ended = await ends;
      const acks = ended.flatMap(({ said }) => acksOf(said));
      const violations = [...leftBy(dir, ...ended), ...(await recoverTwice(dir))];
      const evidence = inspect(dir, acks);
      violations.push(...violationsIn(evidence));
      const files = evidence.logs.audit.length;
      console.log(
        `rotation by rename: ${rotations} rotations, ${files} files, ${acks.length} acknowledged, ${countKinds(violations)}`,
      );
      expect(showSome(violations)).toBe('');
      expect(acks).toHaveLength(500);
      expect(files).toBeGreaterThan(2);
      expect(lossesIn(evidence)).toEqual([]);
    });
  });

  it.skipIf(without)('copytruncate: the loss is stated, nothing is read as new', async () => {
    await inLogs(async (dir, rotate) => {
      const before = await run(programs.append, [dir, 'before', '20']);
      rotate('copytruncate');
      const after = await run(programs.append, [dir, 'after', '3']);
      const acks = [before, after].flatMap(({ said }) => acksOf(said));
      const violations = [...leftBy(dir, before, after), ...(await recoverTwice(dir))];
      const evidence = inspect(dir, acks);
      violations.push(...violationsIn(evidence));
      console.log(
        `copytruncate: ${acks.length} acknowledged, ${lossesIn(evidence).length} losses stated, ${countKinds(violations)}`,
      );
      expect(showSome(violations)).toBe('');
      expect(lossesIn(evidence).sort()).toEqual(['audit shrunk', 'incidents shrunk']);
    });
  });

  it.skipIf(without)('copytruncate under a running appender: what the copy missed is stated, too', async () => {
    await inLogs(async (dir, rotate) => {
      const running = start(programs.append, [dir, 'w', '300', '1']);
      await running.heard((line) => line === 'ACK w-50');
      rotate('copytruncate');
      const ended = await running.ended;
      const acks = acksOf(ended.said);
      const violations: Violation[] = [...unclearFailure(ended), ...(await recoverTwice(dir))];
      const evidence = inspect(dir, acks);
      // Records between copy and truncation are gone, and with them the numbers and offsets that followed, and the roots.
      const all = violationsIn(evidence);
      const lost = all.filter(({ kind }) => kind === 'lost').length;
      // An act that the truncation interrupted has left lines without effect, and was done again.
      violations.push(...all.filter(({ kind }) => (lost === 0 ? kind !== 'repeated' : ALWAYS.includes(kind))));
      console.log(
        `copytruncate, running: ${acks.length} acknowledged, ${lost} gone with the truncation, ` +
          `${lossesIn(evidence).length} losses stated, ${countKinds(violations)}`,
      );
      expect(showSome(violations)).toBe('');
      expect(acks).toHaveLength(300);
      expect([...new Set(lossesIn(evidence))].length).toBeGreaterThan(0);
      for (const log of LOG_NAMES) expect(lossesIn(evidence).join()).toContain(log);
    });
  });

  it('a stub in a file that was rotated away stays a stub, and the new file begins clean', async () => {
    await inLogs(async (dir) => {
      const before = await run(programs.append, [dir, 'before', '2']);
      for (const log of LOG_NAMES) {
        const path = logPath(dir, log);
        appendFileSync(path, '{"cut":"off');
        renameSync(path, `${path}.1`);
      }
      const old = LOG_NAMES.map((log) => readFileSync(`${logPath(dir, log)}.1`));
      const after = await run(programs.append, [dir, 'after', '2']);
      const violations = [...leftBy(dir, before, after), ...(await recoverTwice(dir))];
      const evidence = inspect(
        dir,
        [before, after].flatMap(({ said }) => acksOf(said)),
      );
      violations.push(...violationsIn(evidence));
      console.log(`rotated stub: ${evidence.quarantine.length} put aside, ${countKinds(violations)}`);
      expect(showSome(violations)).toBe('');
      expect(after.code).toBe(0);
      for (const [i, log] of LOG_NAMES.entries()) {
        // Nothing that stood there was changed; the stub was ended, and its place is in the log.
        expect(logBytes(dir)[log][0]?.toString()).toBe(`${old[i]}\n`);
      }
      const ended = linesOf(evidence.logs, 'audit').filter(({ record }) => record?.action === ACTION.tailEnded);
      expect(ended.map(({ record }) => record?.resource)).toEqual(['incidents.jsonl.1', 'immutable_audit.jsonl.1']);
    });
  });
});

/** Whatever else was lost. */
const ALWAYS: readonly Kind[] = ['doubled', 'stale registry'];

/** `LOG KIND` of each loss that the audit log states. */
function lossesIn({ logs }: Pick<Evidence, 'logs'>): string[] {
  return linesOf(logs, 'audit').flatMap(({ record }) => {
    if (record?.action !== ACTION.logLossNoted) return [];
    const { log } = record.metadata as { log: string };
    const { kind } = record.decision as { kind: string };
    return [`${log} ${kind}`];
  });
}
