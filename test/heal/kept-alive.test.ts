import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { CliRun } from '../support/cli.js';
import {
  expectClaimsInOrder,
  expectSoundLogs,
  freePort,
  type HealHost,
  healHost,
  killQuietly,
  until,
  WIDE,
  WIDE_POLICY,
} from '../support/heal-host.js';

const KILLS = Number(process.env.GRACE_TEST_KILLS || 40);
/** A kill comes at random within so long after the service answers: while it is being verified, and after that. */
const LATEST_KILL_MS = 400;

/** Says that it was started before it does anything else; O_APPEND, so that no two lines overlap. */
const SERVICE = `
  const [, , port, starts] = process.argv;
  require('node:fs').appendFileSync(starts, process.pid + ' ' + Number(process.hrtime.bigint()) / 1e9 + '\\n');
  require('node:http').createServer((_, answer) => answer.end('ok')).listen(Number(port), '127.0.0.1');
`;

it(
  `a service that is killed ${KILLS} times is started again once each time, whoever looks at the same time`,
  async () => {
    const host = healHost();
    const port = await freePort();
    const pidfile = host.path('service.pid');
    const service = host.write('service.cjs', SERVICE);
    const start = [process.execPath, service, String(port), host.path('starts')];
    const verify = { passes: 2, within: '1500ms', every: '20ms' };
    host.configure({
      ...{ version: 1, mode: 'act', logs: 'logs', policy: WIDE_POLICY },
      checks: {
        web: {
          http: { url: `http://127.0.0.1:${port}/`, timeout: '2s' },
          ...{ every: '150ms', confirm: '1 of 1', failure_mode: 'api_timeout', heal: ['start-web'], limits: WIDE },
          // Going up and down is what this service is there for.
          flapping: { low: '99%', high: '100%' },
        },
      },
      playbooks: {
        // Some failures are the same incident once more, some are another one.
        'start-web': { risk: 'low', steps: [{ restart: { start, pidfile } }], verify, relapse: '600ms' },
      },
    });

    const watch = host.start(['heal', 'watch'], { timeout_ms: 600_000 });
    const said = { over: false, runs: [] as CliRun[], looks: [] as CliRun[] };
    const again = async (args: readonly string[], into: CliRun[], pause_ms: number) => {
      while (!said.over) {
        into.push(await host.grace(args));
        await sleep(pause_ms);
      }
    };

    // It has never been up: that failure is the first one.
    await until('the service answers', () => answers(port));
    const others = [again(['heal', 'run', '-v'], said.runs, 20), again(['heal', 'status', '--json'], said.looks, 100)];
    const kills: { pid: number; at_s: number; again_s: number }[] = [];
    while (kills.length < KILLS) {
      await sleep(Math.random() * LATEST_KILL_MS);
      const pid = Number(readFileSync(pidfile, 'utf8'));
      const at_s = monotonic();
      expect(killQuietly(pid), `pid ${pid} was no service`).toBe(true);
      await until(`it answers again after kill ${kills.length + 1}`, () => answers(port));
      kills.push({ pid, at_s, again_s: monotonic() });
    }
    await until('nothing is wrong', async () => (await host.grace(['heal', 'status'])).code === 0);
    said.over = true;
    await Promise.all(others);
    watch.child.kill('SIGTERM');
    const watched = await watch.ended;

    expect(watched.code, watched.stderr).toBe(0);
    expect(watched.stdout).toContain('the watch has ended');
    // Killed while it was being verified, it was not healed (3); the next round begins a second later (4); another process is
    // at work on it (11).
    for (const { code, stdout, stderr } of said.runs) {
      expect([0, 3, 4, 11], stderr).toContain(code);
      if (code === 4) expect(stdout).toContain('the next round begins');
    }
    for (const { code, stdout, stderr } of said.looks) {
      expect([0, 3], stderr).toContain(code);
      expect(JSON.parse(stdout)).toMatchObject({ schema: 'grace.status/1' });
    }

    const claims = expectClaimsInOrder(host.audit());
    const starts = startsOf(host);
    const attempts = [...host.attempts().values()];
    expect(attempts).toHaveLength(claims);
    // Every start was some attempt's, and every attempt started one: the pid stands on both sides.
    const started = attempts.map(({ steps }) => Number(/started pid (\d+)/.exec(steps[0]?.exit ?? '')?.[1]));
    expect(started.sort()).toEqual(starts.map(({ pid }) => pid).sort());
    expect(new Set(started).size).toBe(started.length);
    expectEachKillAccountedFor(host, kills);
    for (const incident of host.incidents()) {
      expect(incident, incident.incident_id).toMatchObject({
        ...{ status: 'resolved', verification: { status: 'verified' } },
        success: true,
      });
    }
    const episodes = host.audit('incident_opened').length;
    expect(episodes).toBeLessThanOrEqual(kills.length + 1);
    await expectSoundLogs(host);

    const byWatch = host.audit('remedy_claimed').filter(({ metadata }) => ownerPid(metadata) === watch.pid).length;
    const took = kills.map(({ at_s, again_s }) => again_s - at_s).sort((a, b) => a - b);
    const at = (share: number) => (took[Math.ceil(share * took.length) - 1] ?? 0).toFixed(3);
    console.log(
      [
        `kept alive: ${kills.length} kills, ${starts.length} starts, ${claims} claims (${byWatch} by the watch)`,
        `${episodes} episodes of ${host.incidents().length} incidents`,
        `${said.runs.length} runs, ${said.looks.length} looks beside it`,
        `until it answers again p50 ${at(0.5)} s, p99 ${at(0.99)} s`,
      ].join('; '),
    );
  },
  30_000 + KILLS * 4000,
);

/** A failure was seen between the kill and the answer after it, or one had been seen before that was not over. */
function expectEachKillAccountedFor(host: HealHost, kills: readonly { at_s: number; again_s: number }[]): void {
  const episodes: { from_s: number; to_s: number; id: string }[] = [];
  for (const { action, resource, metadata, decision } of host.audit()) {
    const { elapsed_s: at_s } = (metadata.clock ?? {}) as { elapsed_s: number };
    if (action === 'incident_opened') episodes.push({ from_s: at_s, to_s: Number.POSITIVE_INFINITY, id: resource });
    const isOver = action === 'incident_recovered' || (action === 'remedy_ended' && decision.verified === true);
    const last = episodes.findLast(({ id }) => id === resource);
    if (isOver && last) last.to_s = at_s;
  }
  for (const [i, { at_s, again_s }] of kills.entries()) {
    const its = episodes.filter(({ from_s, to_s }) => from_s <= again_s && to_s >= at_s);
    expect(its.length, `kill ${i + 1} at ${at_s} s is of no episode`).toBeGreaterThan(0);
  }
  for (const { id, to_s } of episodes) expect(to_s, id).toBeLessThan(Number.POSITIVE_INFINITY);
}

function startsOf(host: HealHost): { pid: number; at_s: number }[] {
  return host.lines('starts').map((line) => {
    const [pid, at_s] = line.split(' ').map(Number);
    return { pid: pid ?? 0, at_s: at_s ?? 0 };
  });
}

function ownerPid(metadata: Readonly<Record<string, unknown>>): number | undefined {
  return (metadata.owner as { pid?: number } | undefined)?.pid;
}

const monotonic = () => Number(process.hrtime.bigint()) / 1e9;

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = get({ host: '127.0.0.1', port, agent: false, timeout: 1000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on('error', () => resolve(false)).on('timeout', () => asked.destroy());
  });
}
