import { existsSync } from 'node:fs';
import type { CheckSpecs } from '../../core/config/schema/check-schema.js';
import type { Clock } from '../../core/host/clock.js';
import type { Finding } from '../check.js';
import { runChild } from '../child/run-child.js';
import { systemctlEnvironment } from '../steps/systemctl.js';

const PLACES: readonly string[] = ['/usr/bin/systemctl', '/bin/systemctl'];
const PROPERTIES = '--property=LoadState,ActiveState,SubState,Result';
const MAX_SHOWN = 200;

/** Asks the service manager for the state of a unit. `systemctl` is the program to ask with. */
export async function probeSystemd(
  { unit, user, timeout }: CheckSpecs['systemd'],
  marker: string,
  clock: Clock,
  systemctl = PLACES.find((path) => existsSync(path)),
): Promise<Finding> {
  if (systemctl === undefined) return unknown('there is no systemctl on this host');
  const { end, stdout, stderr } = await runChild({
    argv: [systemctl, ...(user ? ['--user'] : []), 'show', PROPERTIES, '--', unit],
    env: systemctlEnvironment(user),
    timeout_ms: timeout * 1000,
    marker,
    clock,
  });
  switch (end.kind) {
    case 'not_started':
      return unknown(`the check cannot run: ${end.reason}`);
    case 'timed_out':
      return unknown(`systemctl gave no answer within ${timeout} s`);
    case 'exited': {
      if (end.code === 0) return judgeUnit(unit, stdout.toString());
      const said = stderr.toString().trim().split('\n')[0]?.slice(0, MAX_SHOWN);
      return unknown(`systemctl ended with exit code ${end.code}${said ? `: ${said}` : ''}`);
    }
    default:
      return unknown('systemctl was ended before it answered');
  }
}

/** What `systemctl show` prints about a unit: a `Name=value` on each line. */
export function judgeUnit(unit: string, shown: string): Finding {
  const of = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(shown)?.[1]?.trim() ?? '';
  const [load, active, sub, result] = [of('LoadState'), of('ActiveState'), of('SubState'), of('Result')];
  const state = `${unit} is ${active}${sub === '' || sub === active ? '' : ` (${sub})`}`;
  switch (active) {
    case 'active':
      return { status: 'ok', summary: state };
    case 'activating':
    case 'reloading':
    case 'refreshing':
    case 'deactivating':
      return { status: 'warning', summary: state };
    case 'failed':
    case 'inactive':
      // Such a unit was never there, or was shut off by a person: nothing that a restart mends.
      if (load === 'not-found') return unknown(`there is no unit ${unit}`);
      if (load === 'masked') return unknown(`${unit} is masked: it cannot be started`);
      return {
        status: 'critical',
        summary: `${state}${result === '' || result === 'success' ? '' : `: ${result}`}`,
      };
    default:
      return unknown(
        active === ''
          ? `systemctl says nothing about ${unit}`
          : `${unit} is in the state ${active.slice(0, MAX_SHOWN)}`,
      );
  }
}

function unknown(summary: string): Finding {
  return { status: 'unknown', summary };
}
