import type { FieldPath } from './field-path.js';
import type { GraceConfig } from './schema/grace-schema.js';

/** Something wrong with grace.yaml, at its place. */
export interface ConfigFault {
  /** Of the file. */
  readonly path: string;
  /** Both count from 1, and lie inside the file. */
  readonly line: number;
  readonly column: number;
  /** `checks.web.every`; empty where it is about the file as a whole. */
  readonly field: string;
  /** Follows the field: `is missing`. It may hold text of the file: escape it before it is shown. */
  readonly message: string;
  readonly suggestion?: string;
}

/** What another room has to say of a configuration that the schema takes. */
export interface ExtraFault {
  readonly path: FieldPath;
  readonly message: string;
  readonly suggestion?: string;
  /** Worth knowing, and no reason to refuse the file. */
  readonly warning?: true;
}

export type ConfigExtra = (config: GraceConfig) => readonly ExtraFault[];

/** `grace.yaml:12:7: checks.web.every: is not a duration` */
export function faultLine({ path, line, column, field, message }: ConfigFault): string {
  return `${path}:${line}:${column}: ${field === '' ? '' : `${field}: `}${message}`;
}
