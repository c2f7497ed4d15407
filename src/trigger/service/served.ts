/** A service that runs. */
export interface Served {
  /** Where it listens; `null` for one that does not. */
  readonly port: number | null;
  /** What SIGHUP does: it reads its files again. */
  readonly reload?: () => Promise<void> | void;
  /** What SIGUSR2 does: it breaks, in the way of its kind. */
  readonly spoil?: () => Promise<void> | void;
}

/** What the program was told on its command line. */
export interface ServiceWords {
  /** 0: one that is free. */
  readonly port: number;
  word(name: ServiceWord): string;
  number(name: ServiceWord): number;
}

export const SERVICE_WORDS = [
  'nonce',
  'config',
  'credentials',
  'api',
  'upstream',
  'certificate',
  'key',
  'database',
  'name',
  'most-mib',
] as const;

export type ServiceWord = (typeof SERVICE_WORDS)[number];

export const SERVICE_HOST = '127.0.0.1';
