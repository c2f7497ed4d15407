import type { Clock } from '../../core/host/clock.js';
import type { Attempt, AttemptOutcome, NewIncident } from '../../core/records/incident.js';
import { formatInstant } from '../../core/records/time.js';
import type { Playbook, Step } from '../playbook.js';
import { rounded } from '../snapshots.js';

/** Output of a step as it is kept beside the logs. */
export interface KeptOutput {
  readonly step: string;
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

export interface Act {
  readonly outcome: AttemptOutcome;
  readonly steps: Attempt['steps'];
  readonly started_at: string;
  readonly error: string | null;
  readonly outputs: readonly KeptOutput[];
}

export interface ActTools {
  readonly clock: Clock;
  readonly stop: AbortSignal;
  readonly stepped: (step: Attempt['steps'][number], worked: boolean) => void;
  /** Redacts and keeps what a step has printed; `undefined` where that cannot be done: no reason to stop. */
  readonly keep: (step: string, output: Buffer) => KeptOutput | undefined;
}

/** By it everything that an act has started is found again, also by another process after a crash. */
export function markerOf(incident_id: string, claim_id: string): string {
  return `${incident_id}/${claim_id}`;
}

/** What a step may be told of the incident. */
export function factsOf(incident: NewIncident, playbook_id: string): Record<string, string> {
  const facts: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(incident.metadata)) {
    if (typeof value === 'string' || typeof value === 'number') facts[name] = String(value);
  }
  const { incident_id, failure_mode, severity, check, target } = incident;
  return Object.assign(facts, {
    ...{ incident_id, failure_mode, severity },
    check: check ?? '',
    target: target ?? '',
    playbook: playbook_id,
  });
}

/** Runs the steps one after another; the first that does not work ends it. */
export async function act(playbook: Playbook, incident: NewIncident, claim_id: string, tools: ActTools): Promise<Act> {
  const started_at = formatInstant(tools.clock.now());
  const ran = await runSteps(playbook.steps, playbook, incident, claim_id, tools, '');
  return { ...ran, started_at };
}

/** Undoes what a remedy did that has not helped. All steps are run, whatever becomes of each, and whoever interrupts. */
export async function rollBack(playbook: Playbook, incident: NewIncident, claim_id: string, given: ActTools) {
  const tools = { ...given, stop: new AbortController().signal };
  const all: Omit<Act, 'started_at'>[] = [];
  for (const step of playbook.rollback) {
    all.push(await runSteps([step], playbook, incident, claim_id, tools, 'rollback:'));
  }
  return { steps: all.flatMap(({ steps }) => steps), outputs: all.flatMap(({ outputs }) => outputs) };
}

async function runSteps(
  steps: readonly Step[],
  playbook: Playbook,
  incident: NewIncident,
  claim_id: string,
  tools: ActTools,
  prefix: string,
): Promise<Omit<Act, 'started_at'>> {
  const { clock, stop } = tools;
  const order = {
    marker: markerOf(incident.incident_id, claim_id),
    facts: factsOf(incident, playbook.id),
    stop,
  };
  const done: Attempt['steps'] = [];
  const outputs: KeptOutput[] = [];
  for (const step of steps) {
    const name = `${prefix}${step.name}`;
    if (stop.aborted) return { outcome: 'failed', steps: done, outputs, error: `interrupted before ${name}` };
    const begun = clock.elapsed();
    const { outcome, exit, output } = await step.run(order);
    const entry = { name, exit, duration_s: rounded(clock.elapsed() - begun) };
    done.push(entry);
    tools.stepped(entry, outcome === 'worked');
    const kept = output && output.length > 0 ? tools.keep(name, output) : undefined;
    if (kept) outputs.push(kept);
    if (outcome !== 'worked') return { outcome, steps: done, outputs, error: `${name}: ${exit}` };
  }
  return { outcome: 'worked', steps: done, outputs, error: null };
}
