import type { CheckConfig } from '../../core/config/schema/check-schema.js';
import { ownPid } from '../../core/host/signal.js';
import type { Check, Finding, Probe } from '../check.js';
import { cannotRun } from '../connection-faults.js';
import { defaultFailureMode, defaultTarget } from './check-defaults.js';
import type { CheckTools } from './check-tools.js';
import { shortened } from './shown.js';

/** Two probes of one check, in this process or in another, are told apart: a timeout ends what its own has started. */
let probes = 0;

/** A check of the configuration, ready to be asked. What a kind needs is loaded when one of that kind is first asked. */
export function makeCheck(name: string, config: CheckConfig, tools: CheckTools): Check {
  const { clock } = tools;
  return {
    name,
    target: config.target ?? defaultTarget(name, config),
    failure_mode: config.failure_mode ?? defaultFailureMode(config),
    severity: config.severity,
    get countsEvents() {
      return config.log !== undefined || (config.all ?? config.any ?? []).some((one) => tools.other(one)?.countsEvents);
    },
    async probe(): Promise<Probe> {
      const started = clock.elapsed();
      let finding: Finding;
      try {
        finding = await look(name, config, tools);
      } catch (error) {
        finding = { status: 'unknown', summary: shortened(cannotRun(error)) };
      }
      return { ...finding, duration_s: clock.elapsed() - started };
    },
  };
}

async function look(name: string, config: CheckConfig, tools: CheckTools): Promise<Finding> {
  const { clock, distrust } = tools;
  /** By it the programs that a check starts are found again. */
  const marker = `check:${name}:${ownPid()}:${probes++}`;
  if (config.http) return (await import('./http-check.js')).probeHttp(config.http, clock);
  if (config.tcp) return (await import('./tcp-check.js')).probeTcp(config.tcp, clock);
  if (config.port_free) return (await import('./port-free-check.js')).probePortFree(config.port_free, clock);
  if (config.process) return (await import('./process-check.js')).probeProcess(config.process);
  if (config.systemd) return (await import('./systemd-check.js')).probeSystemd(config.systemd, marker, clock);
  if (config.command) {
    const { probeCommand } = await import('./command-check.js');
    return probeCommand(config.command, marker, clock, distrust);
  }
  if (config.disk) return (await import('./disk-check.js')).probeDisk(config.disk);
  if (config.memory) return (await import('./memory-check.js')).probeMemory(config.memory);
  if (config.file) return (await import('./file-check.js')).probeFile(config.file, clock);
  if (config.sqlite) return (await import('./sqlite-check.js')).probeSqlite(config.sqlite, clock);
  if (config.dns) return (await import('./dns-check.js')).probeDns(config.dns, clock);
  if (config.tls) return (await import('./tls-check.js')).probeTls(config.tls, clock);
  if (config.log) {
    const { probeLog } = await import('./log-check.js');
    return probeLog(config.log, {
      remembered: tools.remembered(name),
      remember: (place) => tools.remember(name, place),
    });
  }
  if (config.heartbeat) {
    const { probeHeartbeat } = await import('./heartbeat-check.js');
    return probeHeartbeat(config.heartbeat, tools.heartbeat(config.heartbeat.name), clock);
  }
  const { probeComposite } = await import('./composite-check.js');
  if (config.all) return probeComposite('all', name, config.all, tools.other);
  if (config.any) return probeComposite('any', name, config.any, tools.other);
  return { status: 'unknown', summary: 'the check cannot run: it does not say what to look at' };
}
