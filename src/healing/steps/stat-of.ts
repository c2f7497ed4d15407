import { type Stats, statSync } from 'node:fs';

/** `undefined`: it is not there, or not for us to see. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
