import type { ConfigExtra, ConfigFault, ExtraFault } from './config-fault.js';
import { MAX_CONFIG_BYTES } from './config-file.js';
import { configVersion } from './config-version.js';
import { configWarnings } from './config-warnings.js';
import { crossFaults } from './cross-faults.js';
import { type FieldPath, fieldOf } from './field-path.js';
import { MAY_BE_EMPTY } from './json-schema.js';
import type { Place } from './line-places.js';
import type { GraceConfig } from './schema/grace-schema.js';
import { bySchema, type FieldFault } from './schema-faults.js';
import { readYaml, type TextFault, type YamlTree } from './yaml-tree.js';

/** What was read of the file, for showing where each value comes from. */
export interface ConfigSources {
  /** Plain data, as it is written. */
  readonly written: unknown;
  /** Where each written field stands, by its name as in {@link ConfigFault.field}. */
  readonly places: ReadonlyMap<string, Place>;
}

export type ReadConfig =
  | {
      readonly ok: true;
      readonly config: GraceConfig;
      /** `sha256:` and 12 hex digits of what the configuration comes to; an approval names it. */
      readonly version: string;
      readonly sources: ConfigSources;
      readonly warnings: readonly ConfigFault[];
    }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

const MAX_FAULTS = 1000;

/**
 * Reads grace.yaml. All that is wrong with it is told at once, each at its place, in the order of the places; only what keeps
 * it from being YAML is told alone. `path` names the file in what is told; `extra` is what another room has against a
 * configuration that is otherwise right. Never rejects, unless `extra` throws.
 */
export async function readConfig(text: string, path: string, extra?: ConfigExtra): Promise<ReadConfig> {
  if (Buffer.byteLength(text) > MAX_CONFIG_BYTES) {
    const message = `is longer than ${MAX_CONFIG_BYTES / 1024} KiB`;
    return { ok: false, faults: [{ path, line: 1, column: 1, field: '', message }] };
  }
  const tree = readYaml(text);
  if (tree.broken.length > 0) return refused(path, tree.broken.map(ofText));
  if (tree.value === null && tree.refused.length === 0) return refused(path, [EMPTY]);
  const written = withoutEmpty(tree.value);
  const read = bySchema(written);
  const found = withoutSaid('faults' in read ? read.faults : [], tree.refused);
  const more = withoutSaid(await crossFaults(written), found);
  const placed = [...found, ...more].map((fault) => placedFault(tree, fault));
  const faults = [...tree.refused.map(ofText), ...placed];
  if (!('config' in read)) return refused(path, faults);

  const said = [...configWarnings(read.config), ...(extra?.(read.config) ?? [])];
  const told = (isWarning: boolean) =>
    said.filter(({ warning }) => (warning === true) === isWarning).map((fault) => placedFault(tree, ofExtra(fault)));
  if (faults.length > 0 || told(false).length > 0) return refused(path, [...faults, ...told(false)]);
  return {
    ok: true,
    config: read.config,
    version: configVersion(read.config),
    sources: { written, places: tree.places },
    warnings: inOrder(path, told(true)),
  };
}

/** A fault at its place, before its suggestion is made. */
interface Placed extends Place {
  readonly field: FieldPath;
  readonly message: string;
  readonly suggestion?: (() => string | undefined) | undefined;
}

const EMPTY: Placed = {
  ...{ line: 1, column: 1, field: [] },
  message: 'holds nothing',
  suggestion: () => 'grace heal init   # prints a configuration to begin with',
};

function refused(path: string, faults: readonly Placed[]): ReadConfig {
  return { ok: false, faults: inOrder(path, faults) };
}

function inOrder(path: string, faults: readonly Placed[]): ConfigFault[] {
  const sorted = faults.toSorted((a, b) => a.line - b.line || a.column - b.column);
  const shown = sorted.slice(0, MAX_FAULTS).map(({ line, column, field, message, suggestion }): ConfigFault => {
    const hint = suggestion?.();
    return { path, line, column, field: fieldOf(field), message, ...(hint === undefined ? {} : { suggestion: hint }) };
  });
  const next = sorted[MAX_FAULTS];
  if (!next) return shown;
  const message = `and ${sorted.length - MAX_FAULTS} more from here on`;
  return [...shown, { path, line: next.line, column: next.column, field: '', message }];
}

function ofText({ suggestion, ...fault }: TextFault): Placed {
  return { ...fault, suggestion: suggestion === undefined ? undefined : () => suggestion };
}

function ofExtra({ path, message, suggestion }: ExtraFault): FieldFault {
  return { field: path, message, ...(suggestion === undefined ? {} : { suggestion: () => suggestion }) };
}

/** At the field itself, or at the nearest one around it that is there. */
function placedFault({ places, keys }: YamlTree, { field, message, suggestion, atKey }: FieldFault): Placed {
  const own = atKey ? keys.get(fieldOf(field)) : undefined;
  let place = own;
  for (let length = field.length; place === undefined && length >= 0; length--) {
    place = places.get(fieldOf(field.slice(0, length)));
  }
  return { ...(place ?? { line: 1, column: 1 }), field, message, suggestion };
}

/** A field of which something has been said is not spoken of a second time. */
function withoutSaid(more: readonly FieldFault[], found: readonly { readonly field: FieldPath }[]): FieldFault[] {
  const said = new Set(found.map(({ field }) => fieldOf(field)));
  return more.filter(({ field }) => !said.has(fieldOf(field)));
}

/** A section whose entries have all been commented out is as good as none. */
function withoutEmpty(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value ?? {};
  return Object.fromEntries(
    Object.entries(value).filter(([key, section]) => section !== null || !MAY_BE_EMPTY.includes(key)),
  );
}
