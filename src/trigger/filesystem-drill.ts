import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Drill, Stage } from './drill.js';
import { drillPlaybook } from './drill-playbook.js';
import { endRemains } from './drill-remains.js';
import { cannotMount, mountSmall } from './small-filesystem.js';

/** Long ago: 2020-01-01, seconds. */
const OLD_S = 1_577_836_800;
const MAX_FILES = 10_000;

export interface FilesystemDrill extends Pick<Drill, 'id' | 'failure_mode' | 'summary'> {
  /** As mount takes them. */
  readonly limits: string;
  /** What the check of grace.yaml looks at, besides the path. */
  readonly disk: object;
  /** Of each file that fills it. */
  readonly file_bytes: number;
}

/** A drill in which old files fill a small file system of its own until the kernel refuses, and are deleted. */
export function filesystemDrill({ limits, disk, file_bytes, ...drill }: FilesystemDrill): Drill {
  return {
    ...drill,
    impossible: cannotMount,
    async stage({ dir }): Promise<Stage> {
      const directory = await dir();
      const path = await mountSmall(directory, limits);
      const logs = join(path, 'logs');
      mkdirSync(logs);
      writeFileSync(join(logs, 'present.log'), 'what is being written now\n');
      const rules = { roots: [logs], globs: ['*.log'], older_than: '30d', keep: 1 };
      return {
        where: `writes to a file system of its own at ${path}`,
        about: drill.id,
        pace_s: 0.02,
        config: {
          checks: { [drill.id]: { disk: { path, ...disk }, failure_mode: drill.failure_mode, heal: ['free-space'] } },
          playbooks: { 'free-space': drillPlaybook('Delete old logs', [{ free_space: rules }]) },
        },
        async causeFault() {
          const { files, code } = fill(logs, file_bytes);
          return `${files} old logs were written, until the kernel refused with ${code}`;
        },
        async end() {
          await endRemains(directory);
        },
      };
    },
  };
}

function fill(directory: string, bytes: number): { readonly files: number; readonly code: string } {
  for (let files = 0; files < MAX_FILES; files++) {
    const path = join(directory, `old-${files}.log`);
    try {
      writeFileSync(path, Buffer.alloc(bytes, 'x'));
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'ENOSPC') return { files, code };
      throw error;
    }
    utimesSync(path, OLD_S, OLD_S);
  }
  throw new Error(`${MAX_FILES} files have not filled it`);
}
