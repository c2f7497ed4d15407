import type { Needs } from './needs.js';

/** What is installed: which program, for which configuration, as whom. All paths are absolute. */
export interface Installation {
  readonly node: string;
  /** bin/grace.js */
  readonly program: string;
  readonly config: string;
  /** Of that configuration; what it needs follows from it. */
  readonly config_version: string;
  readonly logs: string;
  /** A file that is kept fresh for the textfile collector. */
  readonly metrics: string | undefined;
  readonly account: Account;
  /** In it lies the key that signs the audit log. */
  readonly state: string;
  /** `$GRACE_KEY`, if it is set. */
  readonly key: string | undefined;
  readonly needs: Needs;
}

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

/** The command of a watch. */
export function watchWords({ metrics, ...rest }: Installation): string[] {
  return [...graceWords(rest, 'watch'), ...(metrics === undefined ? [] : ['--metrics', metrics])];
}

/** The command of one pass. */
export function passWords(installation: Installation): string[] {
  return graceWords(installation, 'run');
}

function graceWords({ node, program, config, logs }: Omit<Installation, 'metrics'>, what: 'watch' | 'run'): string[] {
  return [node, program, 'heal', what, '--config', config, '--logs', logs];
}
