import type { Clock } from '../../core/host/clock.js';
import type { Attempt, AttemptOutcome, NewIncident } from '../../core/records/incident.js';
import { formatInstant } from '../../core/records/time.js';
import type { Playbook, Step, StepResult } from '../playbook.js';
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
  /** Of steps that left something running, by their place. */
  readonly since: ReadonlyMap<number, NonNullable<StepResult['since']>>;
  /** Of what has ended since, by sentences. */
  readonly news: readonly string[];
}

type Ran = Omit<Act, 'started_at'>;

export interface ActTools {
  readonly clock: Clock;
  readonly stop: AbortSignal;
  /** Called when that step, counted from 1 and those of the rollback after the others, has come to its end. */
  readonly ended: (step: number) => void;
  readonly stepped: (step: Attempt['steps'][number], worked: boolean) => void;
  /** Redacts and keeps what a step has printed; `undefined` where that cannot be done: no reason to stop. */
  readonly keep: (step: string, output: Buffer) => KeptOutput | undefined;
}

/**
 * By it everything that a step has started is found again, also by another process after a crash. Steps are counted from 1,
 * those of the rollback after the others.
 */
export function markerOf(incident_id: string, claim_id: string, step: number): string {
  return `${incident_id}/${claim_id}/${step}`;
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
  const ran = await runSteps(playbook.steps, { playbook, incident, claim_id, tools, prefix: '', before: 0 });
  return { ...ran, started_at };
}

/** The same, with what has become meanwhile of what its steps left running. To be asked once. */
export async function whatBecameOf<T extends Ran>(ran: T, { keep }: Pick<ActTools, 'keep'>): Promise<T> {
  const steps = [...ran.steps];
  const outputs = [...ran.outputs];
  const news: string[] = [];
  for (const [place, since] of ran.since) {
    const step = steps[place];
    const later = await since();
    if (step === undefined || later === undefined) continue;
    const exit = `${step.exit}, ${later.exit}`;
    steps[place] = { ...step, exit };
    news.push(`${step.name}: ${exit}`);
    const kept = later.output && later.output.length > 0 ? keep(step.name, later.output) : undefined;
    if (kept) outputs.push(kept);
  }
  return { ...ran, steps, outputs, news };
}

/** Undoes what a remedy did that has not helped. All steps are run, whatever becomes of each, and whoever interrupts. */
export async function rollBack(playbook: Playbook, incident: NewIncident, claim_id: string, given: ActTools) {
  const tools = { ...given, stop: new AbortController().signal };
  const all: Ran[] = [];
  for (const [i, step] of playbook.rollback.entries()) {
    const before = playbook.steps.length + i;
    const ran = await runSteps([step], { playbook, incident, claim_id, tools, prefix: 'rollback:', before });
    all.push(await whatBecameOf(ran, tools));
  }
  return { steps: all.flatMap(({ steps }) => steps), outputs: all.flatMap(({ outputs }) => outputs) };
}

interface Props {
  readonly playbook: Playbook;
  readonly incident: NewIncident;
  readonly claim_id: string;
  readonly tools: ActTools;
  /** Of the names of the steps. */
  readonly prefix: string;
  /** How many steps come before the first of these. */
  readonly before: number;
}

async function runSteps(steps: readonly Step[], props: Props): Promise<Ran> {
  const { playbook, incident, claim_id, tools, prefix, before } = props;
  const { clock, stop } = tools;
  const facts = factsOf(incident, playbook.id);
  const done: Attempt['steps'] = [];
  const outputs: KeptOutput[] = [];
  const since = new Map<number, NonNullable<StepResult['since']>>();
  const over = (outcome: Act['outcome'], error: string | null) => {
    return { outcome, steps: done, outputs, error, since, news: [] };
  };
  for (const [i, step] of steps.entries()) {
    const number = before + i + 1;
    const name = `${prefix}${step.name}`;
    if (stop.aborted) return over('failed', `interrupted before ${name}`);
    const begun = clock.elapsed();
    const marker = markerOf(incident.incident_id, claim_id, number);
    const { outcome, exit, output, since: later } = await step.run({ marker, facts, stop });
    tools.ended(number);
    const entry = { name, exit, duration_s: rounded(clock.elapsed() - begun) };
    done.push(entry);
    tools.stepped(entry, outcome === 'worked');
    const kept = output && output.length > 0 ? tools.keep(name, output) : undefined;
    if (kept) outputs.push(kept);
    if (later) since.set(i, later);
    if (outcome !== 'worked') return over(outcome, `${name}: ${exit}`);
  }
  return over('worked', null);
}
