import { isIPv4 } from 'node:net';
import { posix } from 'node:path';
import { type FieldPath, fieldOf } from '../../core/config/field-path.js';
import type { CheckConfig } from '../../core/config/schema/check-schema.js';
import type { GraceConfig } from '../../core/config/schema/grace-schema.js';
import type { StepConfig } from '../../core/config/schema/playbook-schema.js';
import { SYSTEMCTL } from '../steps/systemctl.js';

/** What a configuration takes of the machine. Each need is a list of the fields that it comes from. */
export interface Needs {
  /** Programs are run of which nobody knows what they need. */
  readonly programs: readonly string[];
  /** Programs are started that go on running, as grace's children. */
  readonly services: readonly string[];
  /** Processes of other accounts are ended or signalled. */
  readonly signals: readonly string[];
  /** Others' processes are looked into: what they run, and which files and sockets they have open. */
  readonly processes: readonly string[];
  /** Others' files are read. */
  readonly reads: readonly string[];
  /** Others' files are written, made or deleted. */
  readonly writes: readonly string[];
  /** Files are given an owner. */
  readonly owners: readonly string[];
  /** Directories in which that is done. */
  readonly directories: readonly string[];
  /** Others are talked to, beyond this host too. */
  readonly network: readonly string[];
  /** Others on this host are talked to. */
  readonly loopback: readonly string[];
  /** Who listens on this host is looked up. */
  readonly ports: readonly string[];
  /** systemd is asked, or told to do something. */
  readonly manager: readonly string[];
  /** Something lies in a directory for temporary files. */
  readonly temporary: readonly string[];
}

type Kind = Exclude<keyof Needs, 'directories'>;

/** Of all playbooks, those too that no check names yet. */
export function needsOf(config: GraceConfig): Needs {
  const found = new Found();
  for (const [name, check] of Object.entries(config.checks)) ofCheck(check, ['checks', name], found);
  for (const [name, playbook] of Object.entries(config.playbooks)) {
    for (const list of ['steps', 'rollback'] as const) {
      for (const [i, step] of playbook[list].entries()) ofStep(step, ['playbooks', name, list, i], found);
    }
  }
  for (const [i, { run, webhook }] of config.notify.entries()) {
    if (run) found.program(['notify', i, 'run'], run);
    if (webhook) found.address(['notify', i, 'webhook'], webhook.url);
    if (webhook) found.add('reads', ['notify', i, 'webhook'], webhook.secret_file);
  }
  return found.needs();
}

function ofCheck(check: CheckConfig, at: FieldPath, found: Found): void {
  const {
    http,
    tcp,
    port_free,
    process: processes,
    systemd,
    command,
    disk,
    memory,
    file,
    sqlite,
    dns,
    tls,
    log,
  } = check;
  if (http) found.address([...at, 'http'], http.url);
  if (http?.ca_file !== undefined) found.add('reads', [...at, 'http'], http.ca_file);
  if (tcp) found.host([...at, 'tcp'], tcp.host);
  if (port_free) found.add('ports', [...at, 'port_free']).add('processes', [...at, 'port_free']);
  if (processes) found.add('processes', [...at, 'process'], processes.pidfile).add('reads', [...at, 'process']);
  if (systemd) found.add('manager', [...at, 'systemd']);
  if (command) found.program([...at, 'command'], command.run);
  if (disk) found.add('reads', [...at, 'disk'], disk.path);
  if (memory?.cgroup !== undefined) found.add('reads', [...at, 'memory'], memory.cgroup);
  if (file) found.add('reads', [...at, 'file'], file.path);
  // A lock is taken in it, and SQLite keeps that in files beside it.
  if (sqlite) found.write([...at, 'sqlite'], posix.dirname(sqlite.path));
  if (dns) found.add('network', [...at, 'dns']);
  if (tls?.host !== undefined) found.host([...at, 'tls'], tls.host);
  if (tls?.file !== undefined) found.add('reads', [...at, 'tls'], tls.file);
  if (tls?.ca_file !== undefined) found.add('reads', [...at, 'tls'], tls.ca_file);
  if (log) found.add('reads', [...at, 'log'], log.path);
}

function ofStep(step: StepConfig, at: FieldPath, found: Found): void {
  const { run, kill_port_holder, restart, signal, free_space, restore_file, restore_sqlite, http } = step;
  if (run) found.program([...at, 'run'], run);
  if (kill_port_holder) {
    const field = [...at, 'kill_port_holder'];
    found.add('ports', field).add('processes', field).add('signals', field);
  }
  if (restart) ofRestart(restart, [...at, 'restart'], found);
  if (signal) {
    const field = [...at, 'signal'];
    if (signal.unit !== undefined) found.add('manager', field);
    else found.add('processes', field).add('signals', field, signal.pidfile).add('reads', field);
  }
  if (free_space) {
    const field = [...at, 'free_space'];
    found.add('processes', field);
    if (free_space.how === 'compress') found.add('owners', field);
    for (const root of free_space.roots) found.write(field, root);
  }
  for (const [kind, restored] of Object.entries({ restore_file, restore_sqlite })) {
    if (!restored) continue;
    const field = [...at, kind];
    found.add('reads', field, restored.from).add('owners', field).write(field, posix.dirname(restored.path));
  }
  if (restore_sqlite) found.add('processes', [...at, 'restore_sqlite']);
  if (restore_sqlite && restore_sqlite.end_holders.length > 0) found.add('signals', [...at, 'restore_sqlite']);
  if (http) found.address([...at, 'http'], http.url);
  if (http?.authorization_file !== undefined) found.add('reads', [...at, 'http'], http.authorization_file);
}

function ofRestart(restart: NonNullable<StepConfig['restart']>, field: FieldPath, found: Found): void {
  if (restart.unit !== undefined) found.add('manager', field);
  if (restart.stop) found.program(field, restart.stop);
  if (restart.start) found.add('services', field);
  if (restart.output !== undefined) found.write(field, posix.dirname(restart.output));
  if (restart.pidfile === undefined) return;
  found.add('processes', field).add('signals', field).add('reads', field, restart.pidfile);
  if (!restart.writes_pidfile) found.write(field, posix.dirname(restart.pidfile));
}

/** Each field stands once in each list, in the order of the file. */
class Found {
  readonly #fields = new Map<Kind, Set<string>>();
  readonly #directories = new Set<string>();

  /** `path`: what is looked at there, if it is one. */
  add(kind: Kind, field: FieldPath, path?: string): this {
    const fields = this.#fields.get(kind) ?? new Set();
    this.#fields.set(kind, fields.add(fieldOf(field)));
    if (path !== undefined && isTemporary(path)) this.add('temporary', field);
    return this;
  }

  write(field: FieldPath, directory: string): void {
    this.add('writes', field, directory);
    this.#directories.add(directory);
  }

  /** What systemctl does, systemd does; of every other program nobody knows. */
  program(field: FieldPath, [program = '', ...words]: readonly string[]): void {
    this.add(isSystemctl(program) ? 'manager' : 'programs', field, program);
    for (const word of words) if (isTemporary(word)) this.add('temporary', field);
  }

  address(field: FieldPath, url: string): void {
    this.host(field, new URL(url).hostname.replace(/^\[|\]$/g, ''));
  }

  host(field: FieldPath, host: string): void {
    this.add(isLoopback(host) ? 'loopback' : 'network', field);
  }

  needs(): Needs {
    const of = (kind: Kind) => [...(this.#fields.get(kind) ?? [])];
    return {
      ...{ programs: of('programs'), services: of('services'), signals: of('signals'), processes: of('processes') },
      ...{ reads: of('reads'), writes: of('writes'), owners: of('owners'), directories: [...this.#directories] },
      ...{
        network: of('network'),
        loopback: of('loopback'),
        ports: of('ports'),
        manager: of('manager'),
        temporary: of('temporary'),
      },
    };
  }
}

function isSystemctl(program: string): boolean {
  return program === SYSTEMCTL || program === '/bin/systemctl';
}

export function isTemporary(path: string): boolean {
  return /^\/(?:var\/)?tmp(?:\/|$)/.test(path);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
