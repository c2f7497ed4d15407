import { sha256 } from '../audit/hash.js';
import type { GraceConfig } from './schema/grace-schema.js';

const HEX_SHOWN = 12;

/** Names what the configuration comes to, however it is spelled: `sha256:` and the first 12 hex digits. */
export function configVersion(config: GraceConfig): string {
  return `sha256:${sha256(Buffer.from(canonical(config)))
    .toString('hex')
    .slice(0, HEX_SHOWN)}`;
}

/** JSON with the keys of each object in the order of their UTF-16 units, and nothing that can be left out. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}
