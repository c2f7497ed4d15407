import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sidecarPath } from '../../src/core/seal/sidecar.js';
import { inspect, logBytes, look, recoverTwice } from '../support/fault-evidence.js';
import { acksOf, type Run, run } from '../support/fault-run.js';
import { withScratch } from '../support/fault-scratch.js';
import { tool, withoutTmpfs } from '../support/fault-tools.js';
import { bundlePrograms } from './bundle.js';
import { countKinds, showSome, unclearFailure, type Violation, violationsIn } from './checks.js';
import { linesOf } from './lines.js';
import { wrongPosition, wrongSeal } from './seal-checks.js';

const without = withoutTmpfs();

/** What is on the disk that has no room. */
type Full = 'logs' | 'seal';

describe.skipIf(without)('a full or read-only filesystem', () => {
  let programs: Awaited<ReturnType<typeof bundlePrograms>>;

  beforeAll(async () => {
    programs = await bundlePrograms();
  });
  afterAll(() => programs?.remove());

  /** Runs `work` with a tmpfs of these options for the logs, or for the seal alone. */
  const onTmpfs = (options: string, work: (dir: string, at: string) => Promise<void>, what: Full = 'logs') =>
    withScratch(async (scratch) => {
      const dir = join(scratch, 'logs');
      const at = what === 'logs' ? dir : sidecarPath(dir);
      mkdirSync(at, { recursive: true, mode: 0o750 });
      tool('mount', '-t', 'tmpfs', '-o', `mode=0750,${options}`, 'tmpfs', at);
      try {
        await work(dir, at);
      } finally {
        tool('umount', at);
      }
    });

  const remount = (at: string, options: string) => tool('mount', '-o', `remount,${options}`, at);

  /** What the runs have left, before anybody has put anything right. */
  const leftBy = (dir: string, ...runs: Run[]) => {
    const left = look(dir);
    const acks = runs.flatMap(({ said }) => acksOf(said));
    return [...runs.flatMap(unclearFailure), ...wrongSeal(left, acks), ...wrongPosition(left)];
  };

  /** Appends where there is room again, and looks at everything. */
  const goOn = async (dir: string, ...before: Run[]) => {
    const after = await run(programs.append, [dir, 'after', '2']);
    const acks = [...before, after].flatMap(({ said }) => acksOf(said));
    const violations: Violation[] = unclearFailure(after);
    if (after.code !== 0) violations.push({ kind: 'broken', what: `where there is room: ${after.stderr}` });
    violations.push(...(await recoverTwice(dir)), ...violationsIn(inspect(dir, acks)));
    return { acks, violations };
  };

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

      const violations = leftBy(dir, full, again);
      remount(dir, 'size=4m');
      const after = await goOn(dir, full, again);
      violations.push(...after.violations);
      const counts = `${after.acks.length} acknowledged, ${stubs.length} stubs left`;
      console.log(`disk full: ${counts}, ${countKinds(violations)}`);
      expect(showSome(violations)).toBe('');
      expect(stubs.length).toBeGreaterThan(0);
    });
  });

  it('no inodes: whatever file cannot be made, the error is clear and the next record unharmed', async () => {
    const violations: Violation[] = [];
    const codes: string[] = [];
    for (const [what, most] of [
      ['logs', 15],
      ['seal', 8],
    ] as const) {
      for (let inodes = 2; inodes <= most; inodes++) {
        await onTmpfs(
          `size=4m,nr_inodes=${inodes}`,
          async (dir, at) => {
            const scarce = await run(programs.append, [dir, 'scarce', '2']);
            codes.push(`${what} ${inodes}: ${scarce.code}`);
            violations.push(...leftBy(dir, scarce));
            remount(at, 'nr_inodes=64');
            violations.push(...(await goOn(dir, scarce)).violations);
          },
          what,
        );
      }
    }
    console.log(`no inodes: exit codes by inodes given {${codes.join(', ')}}, ${countKinds(violations)}`);
    expect(showSome(violations)).toBe('');
    expect(codes[2]).not.toBe('logs 4: 0');
    expect(codes).toEqual(expect.arrayContaining(['logs 15: 0', 'seal 8: 0']));
  });

  it('a seal that is on a full disk: whatever part of it does not fit, nothing is acknowledged without a note', async () => {
    const violations: Violation[] = [];
    let [acknowledged, failed] = [0, 0];
    for (let kib = 4; kib <= 44; kib += 4) {
      await onTmpfs(
        `size=${kib}k`,
        async (dir, at) => {
          const full = await run(programs.append, [dir, 'full', '100']);
          if (full.code !== 0) failed++;
          violations.push(...leftBy(dir, full));
          remount(at, 'size=4m');
          const after = await goOn(dir, full);
          violations.push(...after.violations);
          acknowledged += after.acks.length;
        },
        'seal',
      );
    }
    console.log(`seal full: ${failed} sizes too small, ${acknowledged} acknowledged, ${countKinds(violations)}`);
    expect(showSome(violations)).toBe('');
    expect(failed).toBeGreaterThan(5);
  });

  it('read-only: refused with a reason, and the logs stay as they were', async () => {
    await onTmpfs('size=4m', async (dir) => {
      const before = await run(programs.append, [dir, 'before', '2']);
      const bytes = logBytes(dir);
      remount(dir, 'ro');
      const seal = look(dir);
      const refused = await run(programs.append, [dir, 'refused', '1']);
      const projected = await run(programs.project, [dir, 'reader']);
      expect(logBytes(dir)).toEqual(bytes);
      expect(look(dir)).toEqual(seal);
      const violations = leftBy(dir, before, refused, projected);
      remount(dir, 'rw');
      violations.push(...(await goOn(dir, before)).violations);
      console.log(`read-only: append ${refused.code}, project ${projected.code}, ${countKinds(violations)}`);
      expect(showSome(violations)).toBe('');
      expect([refused.code, projected.code]).toEqual([4, 0]);
    });
  });
});
