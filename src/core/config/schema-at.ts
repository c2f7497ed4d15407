import type { FieldPath } from './field-path.js';
import type { SchemaNode } from './json-schema.js';

/** What the schema says of that place; `undefined` where it knows none. */
export function schemaAt(schema: SchemaNode, path: FieldPath): SchemaNode | undefined {
  let at: SchemaNode | undefined = schema;
  for (const part of path) at = at && inside(at, part);
  return at;
}

function inside(schema: SchemaNode, part: string | number): SchemaNode | undefined {
  if (schema.anyOf) {
    for (const choice of schema.anyOf) {
      const found = inside(choice, part);
      if (found) return found;
    }
    return undefined;
  }
  if (typeof part === 'number') return schema.items;
  const { properties = {}, additionalProperties } = schema;
  if (Object.hasOwn(properties, part)) return properties[part];
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

/** A value as it may be spelled there, if the schema has one at hand: the default, an example, a choice. */
export function exampleOf(schema: SchemaNode | undefined): unknown {
  if (!schema) return undefined;
  const [first] = schema.anyOf ?? [];
  return schema.const ?? schema.default ?? schema.examples?.[0] ?? schema.enum?.[0] ?? exampleOf(first);
}
