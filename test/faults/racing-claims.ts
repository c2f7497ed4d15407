import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inspect, look, recoverTwice } from '../support/fault-evidence.js';
import { acksOf, start } from '../support/fault-run.js';
import { withScratch } from '../support/fault-scratch.js';
import type { Programs } from './bundle.js';
import { unclearFailure, type Violation, violationsIn } from './checks.js';
import { incidentOf, openLedger } from './programs/scenarios.js';
import { wrongPosition, wrongSeal } from './seal-checks.js';

export interface Raced {
  readonly rounds: number;
  readonly claims: number;
  readonly acts: number;
  readonly violations: readonly Violation[];
}

export interface Race {
  readonly racers: number;
  readonly rounds: number;
  /** How long each of them dawdles between its steps at the most. */
  readonly pause_ms: number;
  /** The incident is there before they start; else they race for opening it, too. */
  readonly opened?: boolean;
}

/** Lets processes loose on one incident at once, again and again. */
export async function raceForClaims(programs: Programs, race: Race): Promise<Raced> {
  const { racers, rounds, pause_ms, opened = false } = race;
  return withScratch(async (scratch) => {
    const dir = join(scratch, 'logs');
    mkdirSync(dir, { mode: 0o750 });
    const running = Array.from({ length: racers }, (_, i) =>
      start(programs.claim, [dir, `r${i}`, '-', String(pause_ms)], { input: true }),
    );
    await Promise.all(running.map(({ heard }) => heard((line) => line === 'READY')));
    for (const { child } of running) child.stdin?.on('error', () => {});
    for (let round = 1; round <= rounds; round++) {
      if (opened) await openIncident(dir, `incident-${round}`);
      for (const { child } of running) child.stdin?.write(`incident-${round}\n`);
      await Promise.all(running.map(({ heard }) => heard((line) => line === `DONE incident-${round}`)));
    }
    for (const { child } of running) child.stdin?.end();
    const ended = await Promise.all(running.map((racer) => racer.ended));
    const acks = ended.flatMap(({ said }) => acksOf(said));
    const left = look(dir);
    const violations = [...ended.flatMap(unclearFailure), ...wrongSeal(left, acks), ...wrongPosition(left)];
    violations.push(...(await recoverTwice(dir)));
    const evidence = inspect(dir, acks);
    const acts = evidence.acts.split('\n').length - 1;
    const claims = ended.flatMap(({ said }) => said.filter((line) => line.startsWith('CLAIMED '))).length;
    violations.push(...violationsIn(evidence));
    return { rounds, claims, acts, violations };
  });
}

async function openIncident(dir: string, id: string): Promise<void> {
  const ledger = openLedger(dir, 'opener');
  await ledger.transact(() => ({
    incidents: [{ record: incidentOf(id, { target: `port:${id}` }), after: null }],
    value: undefined,
  }));
  ledger.close();
}
