import { z } from 'zod';
import { graceSchema } from './schema/grace-schema.js';

/** What is read here of a JSON Schema. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
}

const ID = 'urn:grace:schema:grace.yaml:1';

/** Parts of the file that may be left empty: `checks:` with nothing below it, or with nothing but comments. */
export const MAY_BE_EMPTY: readonly string[] = [
  'checks',
  'playbooks',
  'policy',
  'maintenance',
  'accounts',
  'learning',
  'notify',
];

let made: SchemaNode | undefined;

/** What grace.yaml may hold, as an editor wants it; from the schema by which it is read. The same object each time. */
export function configJsonSchema(): SchemaNode {
  made ??= make();
  return made;
}

function make(): SchemaNode {
  const { $schema, ...schema } = z.toJSONSchema(graceSchema, { io: 'input' }) as SchemaNode & { $schema: string };
  const properties = Object.entries(schema.properties ?? {}).map(([key, node]) => [
    key,
    MAY_BE_EMPTY.includes(key) ? { ...node, type: [node.type, 'null'] } : node,
  ]);
  return {
    ...{ $schema, $id: ID, title: 'grace.yaml', description: 'What grace looks at on this host, and what it may do.' },
    ...schema,
    properties: Object.fromEntries(properties),
  };
}
