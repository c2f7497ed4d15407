import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inspect, look, openRegistry, recoverTwice } from '../support/fault-evidence.js';
import { acksOf, start } from '../support/fault-run.js';
import { withScratch } from '../support/fault-scratch.js';
import { withoutFaketime } from '../support/fault-tools.js';
import { bundlePrograms } from './bundle.js';
import { countKinds, showSome, unclearFailure, violationsIn } from './checks.js';
import { linesOf } from './lines.js';
import { wrongPosition, wrongSeal } from './seal-checks.js';

const without = withoutFaketime();
const JUMPS = ['-1d', '+2d', '-400d'];

it.skipIf(without)('a clock that jumps under an appender changes neither order nor durations', async () => {
  const programs = await bundlePrograms();
  try {
    await withScratch(async (scratch) => {
      const dir = join(scratch, 'logs');
      mkdirSync(dir, { mode: 0o750 });
      const clock = join(scratch, 'clock');
      writeFileSync(clock, '+0d\n');
      const env = { FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_NO_CACHE: '1', FAKETIME_TIMESTAMP_FILE: clock };
      // The wrapper finds the library; the jumps are read from the file, which FAKETIME itself would overrule.
      const under = ['faketime', '-f', '+0d', 'env', '-u', 'FAKETIME'];
      const program = start(programs.append, [dir, 'w', '60', '10'], { under, env });
      for (const [i, jump] of JUMPS.entries()) {
        await program.heard((line) => line === `ACK w-${(i + 1) * 10}`);
        writeFileSync(clock, `${jump}\n`);
      }
      const ended = await program.ended;
      const acks = acksOf(ended.said);
      const left = look(dir);
      const violations = [...unclearFailure(ended), ...wrongSeal(left, acks), ...wrongPosition(left)];
      const evidence = inspect(dir, acks);
      violations.push(...(await recoverTwice(dir)), ...violationsIn(evidence));

      const own = linesOf(evidence.logs, 'audit').filter(({ record }) => record?.action === 'fault_append');
      const times = own.map(({ record }) => Date.parse(String(record?.timestamp)));
      const back = times.filter((at, i) => at < (times[i - 1] ?? at)).length;
      const registry = openRegistry(dir, 'clock');
      const order = registry.read((db) =>
        db.prepare("SELECT resource FROM audit_entries WHERE action = 'fault_append' ORDER BY line").pluck().all(),
      );
      const negative = registry.read((db) =>
        db
          .prepare(
            `SELECT (SELECT count(*) FROM tasks WHERE duration_seconds < 0)
                  + (SELECT count(*) FROM recoveries WHERE mttr_seconds < 0)`,
          )
          .pluck()
          .get(),
      );
      registry.close();
      console.log(`clock: ${acks.length} records over ${JUMPS.length} jumps, ${back} back, ${countKinds(violations)}`);
      expect(showSome(violations)).toBe('');
      expect(acks).toHaveLength(60);
      expect(back).toBe(2);
      expect(order).toEqual(acks);
      expect(negative).toBe(0);
    });
  } finally {
    programs.remove();
  }
});
