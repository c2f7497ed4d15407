import { type FieldPath, valueAt } from './field-path.js';
import { configJsonSchema, type SchemaNode } from './json-schema.js';
import { CHECK_KINDS } from './schema/check-schema.js';
import { STEP_KINDS } from './schema/playbook-schema.js';
import { schemaAt } from './schema-at.js';

const KINDS = [...CHECK_KINDS, ...STEP_KINDS];

/** Where a key stands that is known elsewhere, but not here; `undefined` where nobody can tell. */
export function belongsTo(value: unknown, field: FieldPath): string | undefined {
  const [key, around] = [String(field.at(-1)), field.slice(0, -1)];
  const beside = valueAt(value, around);
  const own = valueAt(value, field);
  const known = schemaAt(configJsonSchema(), around)?.properties ?? {};
  // `type: http` in the place of `http:`
  if (typeof own === 'string' && Object.hasOwn(known, own))
    return `write ${own}: { … }, with what belongs to it inside`;
  const isWritten = (name: string) => valueAt(beside, [name]) !== undefined;
  const holders = Object.keys(known).filter((name) => Object.hasOwn(known[name]?.properties ?? {}, key));
  const written = holders.filter(isWritten);
  // Where it is said what this is about, it is about nothing else.
  const hasKind = KINDS.some((kind) => Object.hasOwn(known, kind) && isWritten(kind));
  const open = holders.filter((name) => !hasKind || !KINDS.includes(name));
  const [first, ...others] = written.length > 0 ? written : open;
  if (first !== undefined && others.length < 3) return `it belongs inside ${[first, ...others].join(' or ')}`;
  if (around.length === 0) return ofNoSection(own);
  const outer = around.slice(0, typeof around.at(-1) === 'number' ? -2 : -1);
  if (outer.length > 0 && Object.hasOwn(schemaAt(configJsonSchema(), outer)?.properties ?? {}, key)) {
    return `it belongs one level further out, beside ${around.at(outer.length)}`;
  }
  if (around.length !== 2) return undefined;
  return { checks: ofOther('playbooks', 'playbook', key), playbooks: ofOther('checks', 'check', key) }[
    String(around[0])
  ];
}

/** A check or a playbook that was not indented. */
function ofNoSection(own: unknown): string | undefined {
  if (typeof own !== 'object' || own === null) return undefined;
  if (CHECK_KINDS.some((kind) => Object.hasOwn(own, kind))) return 'if it is a check, indent it below checks:';
  return Object.hasOwn(own, 'steps') ? 'if it is a playbook, indent it below playbooks:' : undefined;
}

function ofOther(section: string, word: string, key: string): string | undefined {
  const known: SchemaNode['properties'] = schemaAt(configJsonSchema(), [section, 'any'])?.properties ?? {};
  if (Object.hasOwn(known, key)) return `it belongs to a ${word}`;
  const holder = Object.keys(known).find(
    (name) => !CHECK_KINDS.includes(name) && Object.hasOwn(known[name]?.properties ?? {}, key),
  );
  return holder === undefined ? undefined : `it belongs to a ${word}, inside ${holder}`;
}

/** What stands in the place of a check and is called as a setting of one. */
export function belongsAbove(field: FieldPath): string | undefined {
  const [section, name, ...more] = field;
  if (section !== 'checks' || typeof name !== 'string' || more.length > 0) return undefined;
  const known = schemaAt(configJsonSchema(), [section, name])?.properties ?? {};
  return Object.hasOwn(known, name) ? 'if it belongs to the check above, indent it further' : undefined;
}
