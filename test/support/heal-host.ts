import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import type { AuditEntry } from '../../src/core/records/audit-entry.js';
import type { Attempt, NewIncident } from '../../src/core/records/incident.js';
import { type CliOptions, type CliRun, dropRegistry, dumpOf, grace, linesOf, startGrace } from './cli.js';
import { tool } from './fault-tools.js';

/** Who runs what grace.yaml names must own every directory above it: /tmp will not do. */
const PLACE = process.getuid?.() === 0 ? '/var/lib' : homedir();

type Hosted = CliOptions & { readonly config?: string };

/** A small host of its own: a grace.yaml, what it names, its logs. */
export interface HealHost {
  readonly dir: string;
  readonly logs: string;
  readonly config: string;
  path(name: string): string;
  write(name: string, text: string, mode?: number): string;
  /** A shell script; whatever it starts is found again when the test ends. */
  script(name: string, body: string): string;
  /** Writes grace.yaml: JSON is YAML, too. */
  configure(config: object | string): void;
  grace(args: readonly string[], options?: Hosted): Promise<CliRun>;
  start(args: readonly string[], options?: Hosted): ReturnType<typeof startGrace>;
  lines(name: string): string[];
  /** Entries that count: a line that a killed writer left without anybody vouching for it is data, and nothing else. */
  audit(...actions: string[]): AuditEntry[];
  /** Lines of incidents.jsonl that are whole. */
  snapshots(): NewIncident[];
  /** The last line of each incident. */
  incidents(): NewIncident[];
  /** Every attempt that was ever written down, by its claim. */
  attempts(): Map<string, Attempt>;
  /** Processes that were started here and have not ended. */
  processes(): { pid: number; command: string }[];
}

/** It is gone when the test ends, with all that runs there. `logs`: where they are, below its directory. */
export function healHost(logs?: string): HealHost {
  return hostAt(hostDir(), logs);
}

/** A directory as {@link healHost} has it; what is mounted in it is gone at the end, too. */
export function hostDir(): string {
  const dir = mkdtempSync(join(PLACE, 'grace-test-'));
  onTestFinished(async () => {
    await endAll(dir);
    for (const at of mountsBelow(dir)) tool('umount', at);
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}

function mountsBelow(dir: string): string[] {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  return mounts.flatMap((line) => line.split(' ')[1] ?? []).filter((at) => at.startsWith(`${dir}/`));
}

/** One in a directory that somebody else removes. */
export function hostAt(dir: string, below = 'logs'): HealHost {
  const logs = join(dir, below);
  const config = join(dir, 'grace.yaml');
  const path = (name: string) => join(dir, name);
  const write = (name: string, text: string, mode = 0o644) => {
    writeFileSync(path(name), text, { mode });
    return path(name);
  };
  const withConfig = (options: Hosted = {}) => ({
    ...options,
    env: { GRACE_CONFIG: options.config ?? config, ...options.env },
  });
  const host: HealHost = {
    ...{ dir, logs, config, path, write },
    script: (name, body) => write(name, `#!/bin/sh\nexport GRACE_TEST_HOST=${dir}\n${body}\n`, 0o755),
    configure: (text) => void write('grace.yaml', typeof text === 'string' ? text : JSON.stringify(text)),
    grace: (args, options) => grace(args, withConfig(options)),
    start: (args, options) => startGrace(args, withConfig(options)),
    lines: (name) => linesOf(path(name)),
    audit: (...actions) =>
      ownEntries(join(logs, 'immutable_audit.jsonl')).filter(
        ({ action }) => actions.length === 0 || actions.includes(action),
      ),
    snapshots: () => parsedLines<NewIncident>(join(logs, 'incidents.jsonl')).flatMap((one) => one ?? []),
    incidents: () => [...new Map(host.snapshots().map((one) => [one.incident_id, one])).values()],
    attempts: () =>
      new Map(host.snapshots().flatMap((one) => (one.attempts ?? []).map((attempt) => [attempt.claim ?? '', attempt]))),
    processes: () => processesNaming(dir),
  };
  mkdirSync(logs, { recursive: true, mode: 0o750 });
  return host;
}

/** `undefined` for a torn one. */
function parsedLines<T>(path: string): (T | undefined)[] {
  return linesOf(path).map((line) => {
    try {
      return JSON.parse(line) as T;
    } catch {
      return undefined;
    }
  });
}

function ownEntries(path: string): AuditEntry[] {
  const all = parsedLines<AuditEntry>(path);
  const foreign = all.flatMap((entry) => {
    if (entry?.action !== 'foreign_lines_sealed') return [];
    const { first_line, lines } = entry.metadata as { first_line: number; lines: number };
    return [{ from: first_line - 1, to: first_line - 1 + lines }];
  });
  return all.flatMap((entry, i) => {
    const isForeign = foreign.some(({ from, to }) => i >= from && i < to);
    return entry === undefined || isForeign ? [] : [entry];
  });
}

async function endAll(dir: string): Promise<void> {
  for (let look = 0; look < 200; look++) {
    const left = processesNaming(dir);
    if (left.length === 0) return;
    for (const { pid } of left) killQuietly(pid);
    await sleep(10);
  }
  throw new Error(`still there: ${JSON.stringify(processesNaming(dir))}`);
}

/** Those whose command line or environment names the directory; its name is like no other. */
function processesNaming(dir: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        if (/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${name}/stat`, 'latin1'))) return [];
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        if (!command.includes(dir) && !readFileSync(`/proc/${name}/environ`, 'latin1').includes(dir)) return [];
        return [{ pid: Number(name), command }];
      } catch {
        return [];
      }
    });
}

export function killQuietly(pid: number, signal: NodeJS.Signals = 'SIGKILL'): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until it is so; fails with what was wanted when it never is. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, patience_ms = 15_000): Promise<void> {
  const deadline = performance.now() + patience_ms;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`in vain for ${patience_ms} ms: ${what}`);
    await sleep(10);
  }
}

/** No limit of the configuration is ever reached with these. */
export const WIDE = { cooldown: '0s', max: ['1000/1s'] };
export const WIDE_POLICY = {
  brake: { incidents: 10_000, within: '1s' },
  autonomy: { low: 'auto', medium: 'auto', high: 'auto' },
  rearm: { first: '1s', most: '1m' },
};

/** Of every claim: that it has one end, and that no other was granted on its target before that. Answers how many there are. */
export function expectClaimsInOrder(audit: readonly AuditEntry[]): number {
  const open = new Map<string, string>();
  const ended = new Set<string>();
  let claims = 0;
  for (const { action, entry_id, metadata } of audit) {
    if (action === 'remedy_claimed') {
      const target = String(metadata.target);
      expect([...open.values()], `${entry_id} was granted while another was under way`).not.toContain(target);
      open.set(entry_id, target);
      claims++;
    }
    if (action === 'remedy_ended') {
      const claim = String(metadata.claim);
      expect(ended.has(claim), `${claim} has ended twice`).toBe(false);
      expect(open.delete(claim), `${claim} ends and was not open`).toBe(true);
      ended.add(claim);
    }
  }
  expect([...open.keys()], 'claims without an end').toEqual([]);
  return claims;
}

/** The audit log is what was signed, and the registry is what the logs say. */
export async function expectSoundLogs(host: HealHost): Promise<void> {
  const audited = await host.grace(['evidence', 'audit']);
  expect([audited.code, audited.stdout], audited.stderr).toEqual([0, expect.stringContaining('INTACT')]);
  expect(await host.grace(['registry', 'sync'])).toMatchObject({ code: 0 });
  const before = dumpOf(host.logs);
  dropRegistry(host.logs);
  expect(await host.grace(['registry', 'rebuild'])).toMatchObject({ code: 0 });
  expect(dumpOf(host.logs)).toEqual(before);
}
