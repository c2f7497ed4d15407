import { readdirSync } from 'node:fs';
import type { StepSpecs } from '../../core/config/schema/playbook-schema.js';
import { identityOf, isAlive } from '../../core/host/process-identity.js';
import { sendSignal } from '../../core/host/signal.js';
import type { ProcessIdentity } from '../../core/records/claim.js';
import { runChild } from '../child/run-child.js';
import type { Step, StepOrder, StepResult } from '../playbook.js';
import { childEnding } from './child-ending.js';
import { processOfPidfile, sparedPid } from './pidfile.js';
import { executableOf, runsExecutable } from './program-of.js';
import type { RestartTools } from './restart-step.js';
import { systemctlEnvironment } from './systemctl.js';

const SIGNAL_TIMEOUT_S = 10;

/** They end no process that expects them, and a second one does what the first did. */
const HARMLESS: readonly string[] = ['HUP', 'CONT', 'WINCH'];

export interface SignalSpec {
  readonly name: string;
  readonly signal: StepSpecs['signal'];
  readonly timeout_s?: number | undefined;
  /** Without it: signals that end no process which expects them. */
  readonly repeatable?: boolean | undefined;
}

function isHarmless({ signal }: StepSpecs['signal']): boolean {
  return HARMLESS.includes(signal);
}

/** Sends a signal to the process of a pidfile, the main process of a unit, or all processes of an executable. */
export function signalStep({ name, signal: spec, ...given }: SignalSpec, tools: RestartTools): Step {
  const { timeout_s = SIGNAL_TIMEOUT_S, repeatable = isHarmless(spec) } = given;
  const who = spec.pidfile ?? spec.unit ?? spec.executable ?? 'nobody';
  return {
    name,
    destroys: isHarmless(spec) ? 'nothing' : `what ${who} has not saved, if SIG${spec.signal} ends it`,
    repeatable,
    timeout_s,
    async run(order) {
      if (order.stop.aborted) return { outcome: 'failed', exit: 'interrupted' };
      const found = await findProcesses(spec, { order, timeout_s, tools });
      return 'outcome' in found ? found : deliver(spec, found);
    },
  };
}

interface Props {
  readonly order: StepOrder;
  readonly timeout_s: number;
  readonly tools: RestartTools;
}

async function findProcesses(
  spec: StepSpecs['signal'],
  props: Props,
): Promise<readonly ProcessIdentity[] | StepResult> {
  if (spec.pidfile !== undefined) return ofPidfile(spec.pidfile, spec.executable);
  if (spec.unit !== undefined) return ofUnit(spec.unit, props);
  if (spec.executable !== undefined) return ofExecutable(spec.executable);
  return failed('no process is named');
}

function ofPidfile(path: string, executable: string | undefined): readonly ProcessIdentity[] | StepResult {
  const named = processOfPidfile(path);
  if (named.kind !== 'running') return failed(named.reason);
  const { identity, tie } = named;
  const { pid } = identity;
  if (tie === 'reused') return failed(`pid ${pid} of ${path} is another process by now, left alone`);
  if (tie !== 'ours' && executable !== undefined && !runsExecutable(pid, executable)) {
    const runs = executableOf(pid) ?? 'what cannot be seen';
    return failed(`pid ${pid} of ${path} runs ${runs}, not ${executable}: it is left alone`);
  }
  if (tie === 'ours' || tie === 'likely' || executable !== undefined) return [identity];
  const when = tie === 'younger' ? 'after' : 'long before';
  return failed(
    `pid ${pid} was started ${when} ${path} was written: it may be another process, left alone; name its executable in this step, too`,
  );
}

async function ofUnit(
  unit: string,
  { order, timeout_s, tools }: Props,
): Promise<readonly ProcessIdentity[] | StepResult> {
  const result = await runChild({
    argv: [tools.systemctl, 'show', '--property=MainPID', '--', unit],
    env: systemctlEnvironment(false),
    timeout_ms: timeout_s * 1000,
    marker: order.marker,
    stop: order.stop,
    clock: tools.clock,
  });
  const ending = childEnding(result, timeout_s);
  if (ending.outcome !== 'worked') return { ...ending, exit: `systemctl show: ${ending.exit}` };
  const pid = Number(/^MainPID=(\d{1,10})$/m.exec(result.stdout.toString('latin1'))?.[1]);
  if (!(pid > 0)) return failed(`the unit ${unit} has no main process`);
  const spared = sparedPid(pid);
  if (spared !== undefined) return failed(`the unit ${unit} names pid ${pid}, ${spared}`);
  const identity = identityOf(pid);
  return identity === undefined ? failed(`pid ${pid} of ${unit} has ended`) : [identity];
}

function ofExecutable(path: string): readonly ProcessIdentity[] | StepResult {
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => sparedPid(pid) === undefined && runsExecutable(pid, path))
    .map(identityOf)
    .filter((identity) => identity !== undefined);
  return found.length === 0 ? failed(`no process runs ${path}`) : found;
}

function deliver({ signal, pidfile, executable }: StepSpecs['signal'], to: readonly ProcessIdentity[]): StepResult {
  const sent: string[] = [];
  const refused: string[] = [];
  for (const identity of to) {
    // The last look before the signal: between this line and the next no pid comes round again.
    if (!isAlive(identity)) continue;
    if (pidfile === undefined && executable !== undefined && !runsExecutable(identity.pid, executable)) continue;
    const delivery = sendSignal(identity.pid, `SIG${signal}`);
    if (delivery === 'sent') sent.push(`pid ${identity.pid}`);
    if (delivery === 'not permitted') refused.push(`pid ${identity.pid}`);
  }
  const done = sent.length === 0 ? '' : `sent SIG${signal} to ${sent.join(', ')}`;
  if (refused.length > 0) {
    const reason = `this account may not signal ${refused.join(', ')}`;
    return failed(done === '' ? reason : `${done}; ${reason}`);
  }
  return sent.length === 0 ? failed('it has ended meanwhile') : { outcome: 'worked', exit: done };
}

function failed(exit: string): StepResult {
  return { outcome: 'failed', exit };
}
