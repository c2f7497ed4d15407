import type { PlaybookConfig, StepConfig } from '../../core/config/schema/playbook-schema.js';
import { environmentFault } from '../child/child-environment.js';
import { parseGlob } from './glob-files.js';
import { BUILT_IN_PARAMETERS, placeholderFaults } from './parameters.js';
import { rootFault } from './root-fault.js';

export interface PlaybookFault {
  /** From the playbook down, such as `['steps', 0, 'run']`. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What the schema cannot say. Nothing on the host is looked at. */
export function playbookFaults(config: PlaybookConfig): PlaybookFault[] {
  const faults: PlaybookFault[] = [];
  for (const name of Object.keys(config.params)) {
    if (!BUILT_IN_PARAMETERS.includes(name)) continue;
    faults.push({ path: ['params', name], message: `${name} is always there, as a word, and is not declared` });
  }
  for (const [name, declared] of Object.entries(config.params)) {
    const everything =
      typeof declared === 'object' ? (declared.under ?? []).findIndex((path) => /^[/.]*$/.test(path)) : -1;
    if (everything < 0) continue;
    faults.push({ path: ['params', name, 'under', everything], message: 'everything lies below it' });
  }
  for (const part of ['steps', 'rollback'] as const) {
    config[part].forEach((step, i) => {
      for (const { path, message } of stepFaults(step, config)) faults.push({ path: [part, i, ...path], message });
    });
  }
  return faults;
}

function stepFaults(step: StepConfig, { params }: PlaybookConfig): PlaybookFault[] {
  const { run, restart, free_space, wait, env, timeout } = step;
  const faults: PlaybookFault[] = [];
  if (run !== undefined) {
    for (const message of placeholderFaults(run, params)) faults.push({ path: ['run'], message });
    faults.push(...environmentFaults(env, ['env']));
  } else if (Object.keys(env).length > 0) {
    faults.push({ path: ['env'], message: 'is for run alone' });
  }
  if (restart !== undefined) faults.push(...restartFaults(restart));
  if (free_space !== undefined) faults.push(...freeSpaceFaults(free_space));
  if (wait !== undefined && timeout !== undefined && timeout < wait) {
    faults.push({ path: ['timeout'], message: 'is shorter than the wait' });
  }
  return faults;
}

function environmentFaults(env: Readonly<Record<string, string>>, path: PlaybookFault['path']): PlaybookFault[] {
  return Object.keys(env).flatMap((name) => {
    const message = environmentFault(name);
    return message === undefined ? [] : [{ path: [...path, name], message }];
  });
}

function restartFaults(restart: NonNullable<StepConfig['restart']>): PlaybookFault[] {
  const { unit, user, start, pidfile, env } = restart;
  const faults: PlaybookFault[] = [];
  if (unit !== undefined) {
    for (const key of ['stop', 'pidfile', 'cwd', 'output'] as const) {
      if (restart[key] !== undefined)
        faults.push({ path: ['restart', key], message: 'is for a program, not for a unit' });
    }
  }
  if (start !== undefined) {
    if (pidfile === undefined) {
      faults.push({ path: ['restart'], message: 'start needs a pidfile, by which the running process is known' });
    }
    if (user) faults.push({ path: ['restart', 'user'], message: 'is for a unit' });
  }
  faults.push(...environmentFaults(env, ['restart', 'env']));
  return faults;
}

function freeSpaceFaults({ roots, globs }: NonNullable<StepConfig['free_space']>): PlaybookFault[] {
  const faults: PlaybookFault[] = [];
  roots.forEach((root, i) => {
    const message = rootFault(root);
    if (message !== undefined) faults.push({ path: ['free_space', 'roots', i], message });
  });
  globs.forEach((glob, i) => {
    const parsed = parseGlob(glob);
    if ('fault' in parsed) faults.push({ path: ['free_space', 'globs', i], message: parsed.fault });
  });
  return faults;
}
