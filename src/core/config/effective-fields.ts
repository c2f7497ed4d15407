import { type FieldPath, fieldOf } from './field-path.js';
import { configJsonSchema, type SchemaNode } from './json-schema.js';
import type { Place } from './line-places.js';
import type { ConfigSources } from './read-config.js';
import { CHECK_KINDS } from './schema/check-schema.js';
import { STEP_KINDS } from './schema/playbook-schema.js';

/** One setting as it counts, spelled as in the file. */
export interface EffectiveField {
  readonly field: string;
  /** A text, number, boolean, or a list or mapping that is empty. */
  readonly value: unknown;
  /** Where it is written; without it, it is the default. */
  readonly place?: Place;
  /** The kind of check or step whose default it is, where another kind has another, or none. */
  readonly of?: string;
}

/** What holds for a setting that is not written and has no default of its own in the schema. */
export type Unwritten = (field: string) => Omit<EffectiveField, 'field'> | undefined;

/** Every setting of a configuration that was taken, the defaults among them, in the order of the schema. */
export function effectiveFields(
  { written, places }: ConfigSources,
  unwritten: Unwritten = () => undefined,
): EffectiveField[] {
  const fields: EffectiveField[] = [];
  const visit = (schema: SchemaNode | undefined, value: unknown, path: FieldPath, isWritten: boolean): void => {
    const entries = entriesOf(schema, value);
    if (entries.length === 0) {
      const place = isWritten ? places.get(fieldOf(path)) : undefined;
      const of = place === undefined ? kindAt(path) : undefined;
      fields.push({ field: fieldOf(path), value, ...(place && { place }), ...(of && { of }) });
      return;
    }
    for (const { key, inner, value: own, isDefault } of entries) {
      const at = [...path, key];
      if (own !== undefined) visit(inner, own, at, isWritten && !isDefault);
      else fields.push(...held(fieldOf(at)));
    }
  };
  const held = (field: string) => {
    const one = unwritten(field);
    return one === undefined ? [] : [{ field, ...one }];
  };
  visit(configJsonSchema(), written, [], true);
  return fields;
}

/** `checks.NAME.KIND…`, `playbooks.NAME.steps[0].KIND…` */
function kindAt([section, , inside, , deeper]: FieldPath): string | undefined {
  const [kind, kinds] = section === 'checks' ? [inside, CHECK_KINDS] : [deeper, STEP_KINDS];
  return typeof kind === 'string' && kinds.includes(kind) ? kind : undefined;
}

interface Entry {
  readonly key: string | number;
  readonly inner: SchemaNode | undefined;
  readonly value: unknown;
  readonly isDefault: boolean;
}

/** What is written inside, and what the schema adds; without a value where it has none to add. */
function entriesOf(schema: SchemaNode | undefined, value: unknown): Entry[] {
  if (Array.isArray(value)) {
    const isPlain = value.every((item) => typeof item !== 'object' || item === null);
    // A list of words is one setting: it is read and replaced as a whole.
    return isPlain ? [] : value.map((item, key) => ({ key, inner: schema?.items, value: item, isDefault: false }));
  }
  if (typeof value !== 'object' || value === null) return [];
  const properties = schema?.properties ?? {};
  const known = Object.entries(properties).flatMap(([key, inner]): Entry[] => {
    if (Object.hasOwn(value, key))
      return [{ key, inner, value: (value as Record<string, unknown>)[key], isDefault: false }];
    return [{ key, inner, value: inner.default, isDefault: true }];
  });
  const others = Object.entries(value).flatMap(([key, own]): Entry[] => {
    if (Object.hasOwn(properties, key)) return [];
    const inner = typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined;
    return [{ key, inner, value: own, isDefault: false }];
  });
  return [...known, ...others];
}
