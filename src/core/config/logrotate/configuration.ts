/**
 * The configuration of logrotate, read as logrotate 3.21 reads it (config.c): what it takes for an error, and what it
 * does then, decides which rule is in force. Of its directives those are kept that say what becomes of a log.
 */
export interface Configuration {
  /** In the order in which logrotate takes them: of two that name the same log, the first. */
  readonly rules: readonly Rule[];
  /** Rules that logrotate passes over. */
  readonly ignored: readonly (Rule & { readonly why: string })[];
  /** Files and directories that could not be read. */
  readonly unread: readonly { readonly path: string; readonly why: string }[];
  /** The first directory that is included: a new rule belongs there. */
  readonly directory: string | undefined;
}

export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** `value` is empty for a switch. */
export interface Setting extends Place {
  readonly value: string;
}

/** Several patterns and what holds for the files they name. Directives that are off are not there. */
export interface Rule extends Place {
  readonly patterns: readonly string[];
  readonly settings: ReadonlyMap<string, Setting>;
}

/** What a path of the configuration leads to. */
export type Opened =
  | { readonly kind: 'directory'; readonly names: readonly string[] }
  /** `text`: a character for each byte. `refused`: why logrotate does not take a file from there. */
  | { readonly kind: 'file'; readonly text: string; readonly refused?: string | undefined }
  | { readonly kind: 'other' };

/** The machine, as far as reading the configuration needs it. */
export interface ConfigHost {
  /** Throws what the system says. */
  open(path: string): Opened;
  /** The home directory of an account; of the one that runs logrotate, where none is named. */
  home(user: string): string | undefined;
}
