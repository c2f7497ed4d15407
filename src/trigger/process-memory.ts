import { readFileSync } from 'node:fs';

/** Bytes. Throws when there is no such process. */
export function memoryOf(pid: number): { readonly resident: number; readonly mapped: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return { resident: bytes('VmRSS'), mapped: bytes('VmSize') };
}
