import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Context } from '../../src/cli/context.js';
import { drillCatalogue } from '../../src/cli/drill-catalogue.js';
import { runDrillOnStage } from '../../src/cli/drill-run.js';
import type { DrillScreen } from '../../src/cli/drill-screen.js';
import { systemClock } from '../../src/core/host/clock.js';
import { identityOf } from '../../src/core/host/process-identity.js';
import { randomHex } from '../../src/core/host/random.js';
import type { ProcessIdentity } from '../../src/core/records/claim.js';
import { FAILURE_MODES } from '../../src/core/records/failure-modes.js';
import type { Probe } from '../../src/healing/check.js';
import type { HealEvent } from '../../src/healing/events.js';
import type { Drill, Stage } from '../../src/trigger/drill.js';
import { openDrillDirectory } from '../../src/trigger/drill-directory.js';
import { openLedger } from '../support/registry.js';
import { entriesOf } from '../support/sealed.js';
import { tempDir } from '../support/temp-dir.js';
import { drillPrograms } from './drill-programs.js';
import { tracesBelow } from './drill-traces.js';

const programs = drillPrograms();

function context(): Context {
  const few = { clock: systemClock, newSuffix: () => randomHex(6), nodePath: process.execPath };
  return { ...few, home: programs.home } as Context;
}

const ALL = drillCatalogue({ clock: systemClock } as Context);
const named = (id: string): Drill => {
  const drill = ALL.find((one) => one.id === id);
  if (drill === undefined) throw new Error(`there is no drill ${id}`);
  return drill;
};
const CAN_RUN = ALL.filter((drill) => drill.impossible?.() === undefined);

interface Run {
  readonly end: Awaited<ReturnType<typeof runDrillOnStage>>;
  readonly before: Probe;
  readonly events: readonly HealEvent[];
  readonly took_s: number;
  readonly logs: string;
}

/** As `grace trigger drill` runs it, over a directory with a keeper. */
async function run(drill: Drill, { port = 0, logs = tempDir() } = {}): Promise<Run> {
  const parent = tempDir();
  const events: HealEvent[] = [];
  let before: Probe | undefined;
  const screen: DrillScreen = {
    settled() {},
    staged(_stage, probe) {
      before = probe;
    },
    broken() {},
    event: (event) => void events.push(event),
    finish: async () => {},
  };
  const directory = await openDrillDirectory({
    ...{ parent, program: programs.program('drill-keeper') },
    nodePath: process.execPath,
  });
  const started = performance.now();
  try {
    const end = await runDrillOnStage(context(), drill, {
      writing: { dir: parent, ledger: openLedger(logs), host: 'host' },
      screen,
      interrupts: { stop: new AbortController().signal, exit: () => undefined },
      port,
      dir: async () => directory.path,
    });
    if (before === undefined) throw new Error('nobody looked before anything was broken');
    // The stage itself has left nothing but its directory.
    expect(tracesBelow(directory.path).filter((trace) => /^\d+: /.test(trace))).toEqual([]);
    return { end, before, events, took_s: (performance.now() - started) / 1000, logs };
  } finally {
    await directory.end();
    expect(tracesBelow(parent)).toEqual([]);
  }
}

test('there is one for each failure mode, the port in use first', () => {
  expect(ALL[0].id).toBe('port-in-use');
  expect(ALL.map((drill) => drill.failure_mode).sort()).toEqual([...FAILURE_MODES].sort());
  for (const { id, failure_mode } of ALL) expect(id).toBe(failure_mode.replaceAll('_', '-'));
});

/** What the first failing probe says: it fails by this fault and no other. */
const FAULTS: Readonly<Record<string, RegExp>> = {
  'port-in-use': /^answered 503, expected 200$/,
  'service-down': /^the connection was refused$/,
  'process-missing': /^pid \d+ of .+\/worker\.pid is not running$/,
  'service-hung': /^no complete answer within 400 ms$/,
  'api-timeout': /^no complete answer within 400 ms$/,
  'slow-start': /^the connection was refused$/,
  'out-of-memory': /^the connection was refused$/,
  'memory-pressure': /with \d+\.\d MiB resident, less than \d+\.\d MiB expected$/,
  'disk-full': /: 100\.0% used, less than 90\.0% expected$/,
  'inodes-exhausted': /: 100\.0% of its inodes used, less than 90\.0% expected$/,
  'database-unavailable': /^the connection was refused$/,
  'database-corrupt': /orders\.db is corrupt: Tree 2 page 2/,
  'database-locked': /orders\.db is locked: no write lock within 100 ms$/,
  'config-missing': /^configuration critical: \S+ is missing; service critical: answered 503, expected 200$/,
  'config-invalid': /^configuration critical: \S+ is no JSON: .+; service critical: the connection was refused$/,
  'file-corrupt': /\/data has the SHA-256 [0-9a-f]{64}, and not the expected one$/,
  'certificate-expiring': /^only 1 day left of the certificate, until /,
  'invalid-credentials': /^answered 503, expected 200$/,
  'network-unreachable': /^the connection was refused$/,
  'dns-failure': /: no server answers there$/,
  'dependency-down': /^database critical: the connection was refused; web critical: answered 503, expected 200$/,
  'model-server-down': /^the connection was refused$/,
};

describe('the fault is real, its playbook mends it, and the same check says so', () => {
  test.each(CAN_RUN.map((drill) => [drill.id, drill] as const))('%s', async (id, drill) => {
    const { end, before, events, took_s } = await run(drill);
    expect(end, JSON.stringify(events, null, 1)).toMatchObject({ kind: 'resolved' });
    if (end.kind !== 'resolved') return;
    const { incident } = end;
    expect(incident).toMatchObject({ status: 'resolved', failure_mode: drill.failure_mode, origin: 'drill' });
    expect(incident.verification).toMatchObject({ status: 'verified', by: id, passes: 2 });
    // One remedy, once; every step of it worked.
    expect(incident.attempts).toHaveLength(1);
    expect(incident.attempts[0]).toMatchObject({ outcome: 'worked', verified: true });

    expect(before.status).toBe('ok');
    const probes = events.flatMap((event) => (event.kind === 'probed' ? [event] : []));
    const detected = probes.filter(({ purpose }) => purpose === 'detect').map(({ probe }) => probe.status);
    expect(detected).toEqual(['critical', 'critical']);
    expect(probes[0]?.probe.summary).toMatch(FAULTS[id] ?? /^no fault is listed$/);
    expect(probes.at(-1)?.probe.status).toBe('ok');
    if (process.env.GRACE_SHOW_TIMES) {
      console.log(`${id}: ${took_s.toFixed(2)} s, ${before.summary} | ${probes[0]?.probe.summary}`);
      for (const step of incident.attempts[0]?.steps ?? []) console.log(`    ${step.name}: ${step.exit}`);
    }
    expect(took_s).toBeLessThan(20);
  });
});

/** The same drill with another configuration. */
function changed(drill: Drill, change: (config: Stage['config']) => Stage['config']): Drill {
  return {
    ...drill,
    async stage(options) {
      const stage = await drill.stage(options);
      return { ...stage, config: change(stage.config) };
    },
  };
}

/** The same drill with a look at what it has staged, and at what has become of it. */
function watched(drill: Drill, look: (stage: Stage, directory: string) => Promise<void>): Drill {
  return {
    ...drill,
    async stage(options) {
      const directory = await options.dir();
      const stage = await drill.stage({ ...options, dir: async () => directory });
      await look(stage, directory);
      return {
        ...stage,
        async end() {
          try {
            await look(stage, directory);
          } finally {
            await stage.end();
          }
        },
      };
    },
  };
}

describe('controls', () => {
  test('without its start period the slow starter is judged too early', async () => {
    const { end } = await run(
      changed(named('slow-start'), ({ checks, playbooks }) => ({
        checks: { 'slow-start': { ...checks['slow-start'], start_period: '0s' } },
        playbooks,
      })),
    );
    expect(end).toMatchObject({ kind: 'failed' });
  });

  test('with the broken configuration the service does not start again', async () => {
    const { end } = await run(
      changed(named('config-invalid'), ({ checks, playbooks }) => {
        const playbook = playbooks['restore-config'] as { steps: object[] };
        const verify = { within: '500ms', every: '20ms' };
        return { checks, playbooks: { 'restore-config': { ...playbook, steps: playbook.steps.slice(1), verify } } };
      }),
    );
    expect(end).toMatchObject({ kind: 'failed' });
  });
});

describe('what is particular', () => {
  test.each(['config-invalid', 'config-missing', 'dependency-down'])(
    '%s is healed after one that was not: the stage is another one',
    async (id) => {
      const logs = tempDir();
      const hopeless = changed(named(id), ({ checks, playbooks }) => ({
        checks,
        playbooks: Object.fromEntries(
          Object.keys(playbooks).map((name) => [
            name,
            { risk: 'low', steps: [{ run: ['/bin/true'] }], verify: { within: '50ms' } },
          ]),
        ),
      }));
      const { end: before } = await run(hopeless, { logs });
      const { end } = await run(named(id), { logs });
      if (before.kind !== 'failed' || end.kind !== 'resolved') throw new Error(`${before.kind}, then ${end.kind}`);
      expect(end.incident.incident_id).not.toBe(before.incident?.incident_id);
    },
  );

  test('who has lost its credentials goes on without, and a person is asked for', async () => {
    const said: string[] = [];
    const { end, logs } = await run(
      watched(named('invalid-credentials'), async ({ port }) => {
        const answer = await fetch(`http://127.0.0.1:${port}/health`);
        said.push((await answer.text()).trim());
      }),
    );
    expect(end).toMatchObject({ kind: 'resolved' });
    expect(said).toEqual(['full service', 'degraded: it does without its API']);
    expect(entriesOf(logs, 'incident_escalated')).toHaveLength(1);
  });

  test.each([
    ['dependency-down', ['web'], ['database']],
    ['network-unreachable', ['web'], ['forwarder']],
  ])('%s: what is not broken is not touched', async (id, untouched, again) => {
    const seen: Record<string, ProcessIdentity | undefined>[] = [];
    const { end } = await run(
      watched(named(id), async (_stage, directory) => {
        const pidOf = (name: string) => Number(readFileSync(join(directory, `${name}.pid`), 'utf8'));
        seen.push(Object.fromEntries([...untouched, ...again].map((name) => [name, identityOf(pidOf(name))])));
      }),
    );
    expect(end).toMatchObject({ kind: 'resolved' });
    for (const name of untouched) expect(seen[1]?.[name]).toEqual(seen[0]?.[name]);
    for (const name of again) expect(seen[1]?.[name]?.pid).not.toBe(seen[0]?.[name]?.pid);
    expect(Object.values(seen[1] ?? {})).not.toContain(undefined);
  });

  test.each(['service-down', 'dns-failure', 'certificate-expiring'])(
    '%s is at the port that was asked for',
    async (id) => {
      const port = await freePort();
      const { end } = await run(named(id), { port });
      expect(end).toMatchObject({ kind: 'resolved', incident: { metadata: { port } } });
    },
  );

  test('a port that is taken is said so, and nothing is left', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as AddressInfo;
    try {
      await expect(run(named('service-down'), { port })).rejects.toMatchObject({ code: 'GRACE_PORT_NOT_OURS' });
    } finally {
      holder.close();
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
