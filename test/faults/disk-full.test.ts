import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspect, logBytes, recoverTwice } from '../support/fault-evidence.js';
import { acksOf, run } from '../support/fault-run.js';
import { withScratch } from '../support/fault-scratch.js';
import { tool, withoutTmpfs } from '../support/fault-tools.js';
import { bundlePrograms } from './bundle.js';
import { countKinds, linesOf, showSome, unclearFailure, type Violation, violationsIn } from './checks.js';

const without = withoutTmpfs();

describe.skipIf(without)('a full or read-only filesystem', () => {
  let programs: Awaited<ReturnType<typeof bundlePrograms>>;

  beforeAll(async () => {
    programs = await bundlePrograms();
  });
  afterAll(() => programs?.remove());

  /** Runs `work` with a tmpfs of these options on a directory. */
  const onTmpfs = (options: string, work: (dir: string) => Promise<void>) =>
    withScratch(async (scratch) => {
      const dir = join(scratch, 'logs');
      mkdirSync(dir);
      tool('mount', '-t', 'tmpfs', '-o', `mode=0750,${options}`, 'tmpfs', dir);
      try {
        await work(dir);
      } finally {
        tool('umount', dir);
      }
    });

  const remount = (dir: string, options: string) => tool('mount', '-o', `remount,${options}`, dir);

  it('64 KiB: the record that does not fit fails clearly, the next one after space was made is unharmed', async () => {
    await onTmpfs('size=64k', async (dir) => {
      const full = await run(programs.append, [dir, 'full', '1000']);
      const stubs = [...linesOf(logBytes(dir), 'incidents'), ...linesOf(logBytes(dir), 'audit')].filter(
        ({ terminated }) => !terminated,
      );
      const again = await run(programs.append, [dir, 'still', '1']);
      expect(full.code).toBe(3);
      expect(full.stderr).toContain('no space is left on the device');
      expect(again.code).not.toBe(0);
      expect(acksOf(again.said)).toEqual([]);

      remount(dir, 'size=4m');
      const after = await run(programs.append, [dir, 'after', '3']);
      const acks = [...acksOf(full.said), ...acksOf(after.said)];
      const violations: Violation[] = [full, again, after].flatMap(unclearFailure);
      violations.push(...(await recoverTwice(dir)), ...violationsIn(inspect(dir, acks)));
      console.log(`disk full: ${acks.length} acknowledged, ${stubs.length} stubs left, ${countKinds(violations)}`);
      expect(showSome(violations)).toBe('');
      expect(after.code).toBe(0);
      expect(stubs.length).toBeGreaterThan(0);
    });
  });

  it('no inodes: whatever file cannot be made, the error is clear and the next record unharmed', async () => {
    const violations: Violation[] = [];
    const codes: string[] = [];
    for (let inodes = 2; inodes <= 9; inodes++) {
      await onTmpfs(`size=4m,nr_inodes=${inodes}`, async (dir) => {
        const scarce = await run(programs.append, [dir, 'scarce', '2']);
        codes.push(`${inodes}: ${scarce.code}`);
        remount(dir, 'nr_inodes=64');
        const after = await run(programs.append, [dir, 'after', '2']);
        violations.push(...[scarce, after].flatMap(unclearFailure));
        if (after.code !== 0) violations.push({ kind: 'broken', what: `after ${inodes} inodes: ${after.stderr}` });
        const acks = [...acksOf(scarce.said), ...acksOf(after.said)];
        violations.push(...(await recoverTwice(dir)), ...violationsIn(inspect(dir, acks)));
      });
    }
    console.log(`no inodes: exit codes by inodes given {${codes.join(', ')}}, ${countKinds(violations)}`);
    expect(showSome(violations)).toBe('');
    expect(codes[2]).not.toBe('4: 0');
  });

  it('read-only: refused with a reason, and the logs stay as they were', async () => {
    await onTmpfs('size=4m', async (dir) => {
      const before = await run(programs.append, [dir, 'before', '2']);
      const bytes = logBytes(dir);
      remount(dir, 'ro');
      const refused = await run(programs.append, [dir, 'refused', '1']);
      const projected = await run(programs.project, [dir, 'reader']);
      expect(logBytes(dir)).toEqual(bytes);
      remount(dir, 'rw');
      const after = await run(programs.append, [dir, 'after', '1']);
      const violations: Violation[] = [before, refused, projected, after].flatMap(unclearFailure);
      violations.push(...(await recoverTwice(dir)));
      violations.push(
        ...violationsIn(
          inspect(
            dir,
            [before, after].flatMap(({ said }) => acksOf(said)),
          ),
        ),
      );
      const codes = `append ${refused.code}, project ${projected.code}, append later ${after.code}`;
      console.log(`read-only: ${codes}, ${countKinds(violations)}`);
      expect(showSome(violations)).toBe('');
      expect([refused.code, projected.code, after.code]).toEqual([4, 0, 0]);
    });
  });
});
