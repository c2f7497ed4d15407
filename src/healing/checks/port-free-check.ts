import type { CheckSpecs } from '../../core/config/schema/check-schema.js';
import type { Clock } from '../../core/host/clock.js';
import type { Finding } from '../check.js';
import { findPortHolders, type Holder } from '../port-holder.js';
import { executableOf, runsExecutable } from '../steps/program-of.js';

const MAX_SHOWN_COMMAND = 80;

/** Nobody listens on the port, or nobody but processes of the executables that may. */
export async function probePortFree({ port, except }: CheckSpecs['port_free'], _clock: Clock): Promise<Finding> {
  const found = findPortHolders(port);
  if (found.kind === 'free') return { status: 'ok', summary: `nobody listens on port ${port}` };
  if (found.kind === 'hidden') return { status: 'unknown', summary: `the check cannot run: ${found.reason}` };
  const others = found.holders.filter(({ identity: { pid } }) => !except.some((path) => runsExecutable(pid, path)));
  const [known] = others.filter(({ identity: { pid } }) => except.length === 0 || executableOf(pid) !== undefined);
  if (known !== undefined) {
    return { status: 'critical', summary: `${nameOf(known)} of uid ${known.uid} listens on port ${port}` };
  }
  const [unseen] = others;
  if (unseen !== undefined) {
    return { status: 'unknown', summary: `which program ${nameOf(unseen)} on port ${port} runs cannot be seen` };
  }
  return { status: 'ok', summary: `nobody but ${found.holders.map(nameOf).join(' and ')} listens on port ${port}` };
}

function nameOf({ identity, command }: Holder): string {
  const shown = command.length > MAX_SHOWN_COMMAND ? `${command.slice(0, MAX_SHOWN_COMMAND)}…` : command;
  return `pid ${identity.pid} (${shown})`;
}
