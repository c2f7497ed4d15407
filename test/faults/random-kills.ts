import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect, look, recoverTwice } from '../support/fault-evidence.js';
import { acksOf, start } from '../support/fault-run.js';
import { withScratch } from '../support/fault-scratch.js';
import type { Programs } from './bundle.js';
import { unclearFailure, type Violation, violationsIn } from './checks.js';
import { foreignLines, wrongPosition, wrongSeal } from './seal-checks.js';

/** Kills in one log directory; then it is looked at and the next one begins. */
const KILLS_PER_DIRECTORY = 50;
/** Every other kill comes at random after the start, while the program loads and recovers; the rest while it appends. */
const LATEST_KILL_MS = { loading: 250, appending: 60 };

export interface Killed {
  readonly kills: number;
  readonly acknowledged: number;
  readonly torn: number;
  /** Lines that some killed program had written and nobody vouches for. */
  readonly foreign: number;
  readonly violations: readonly Violation[];
}

/** Two to four appenders at once, each killed at a random moment and followed by another. */
export async function killAtRandom(programs: Programs, kills: number): Promise<Killed> {
  const violations: Violation[] = [];
  let [done, acknowledged, torn, foreign] = [0, 0, 0, 0];
  for (let round = 0; done < kills; round++) {
    const wanted = Math.min(KILLS_PER_DIRECTORY, kills - done);
    await withScratch(async (scratch) => {
      const dir = join(scratch, 'logs');
      mkdirSync(dir, { mode: 0o750 });
      const acks: string[] = [];
      let left = wanted;
      const slot = async (name: number) => {
        for (let n = 0; left > 0; n++) {
          left--;
          const atOnce = String(1 + (n % 3));
          const program = start(programs.append, [dir, `s${name}n${n}`, '100000', '0', atOnce]);
          if (n % 2 === 0) await sleep(Math.random() * LATEST_KILL_MS.loading);
          else {
            await program.heard((line) => line.startsWith('ACK '));
            await sleep(Math.random() * LATEST_KILL_MS.appending);
          }
          program.child.kill('SIGKILL');
          const ended = await program.ended;
          acks.push(...acksOf(ended.said));
          if (ended.signal !== 'SIGKILL') violations.push(...unclearFailure(ended));
        }
      };
      await Promise.all(Array.from({ length: 2 + (round % 3) }, (_, i) => slot(i)));
      const after = look(dir);
      violations.push(...wrongSeal(after, acks), ...wrongPosition(after), ...(await recoverTwice(dir)));
      const evidence = inspect(dir, acks);
      violations.push(...violationsIn(evidence));
      acknowledged += acks.length;
      torn += evidence.quarantine.length;
      foreign += foreignLines(evidence);
    });
    done += wanted;
  }
  return { kills: done, acknowledged, torn, foreign, violations };
}
