import type { z } from 'zod';
import { nearest } from './closest.js';
import { type FieldPath, valueAt } from './field-path.js';
import { configJsonSchema } from './json-schema.js';
import { checkSchema } from './schema/check-schema.js';
import { type GraceConfig, graceSchema } from './schema/grace-schema.js';
import { NO_KIND } from './schema/one-kind.js';
import { playbookSchema } from './schema/playbook-schema.js';
import { exampleOf, schemaAt } from './schema-at.js';

/** Something wrong with a field. */
export interface FieldFault {
  readonly field: FieldPath;
  readonly message: string;
  /** Made only when it is shown: a file may be wrong in very many places. */
  readonly suggestion?: () => string | undefined;
  /** It is the key that is wrong, not the value. */
  readonly atKey?: boolean;
}

type Issue = z.core.$ZodIssue;

/** The configuration, or all that the schema has against it, in the order in which the schema found it. */
export function bySchema(value: unknown): { config: GraceConfig } | { faults: readonly FieldFault[] } {
  const parsed = graceSchema.safeParse(value, { error: sentenceOf });
  if (parsed.success) return { config: parsed.data };
  const issues = [...parsed.error.issues, ...behindBadNames(value, parsed.error.issues)];
  return { faults: withoutEchoes(issues).flatMap((issue) => faultsOf(value, issue)) };
}

/** What stands under a name that is refused is not looked at by the schema of the whole. */
function behindBadNames(value: unknown, issues: readonly Issue[]): Issue[] {
  const schemas = { checks: checkSchema, playbooks: playbookSchema };
  return issues.flatMap(({ code, path }) => {
    const [section, name] = path;
    if (code !== 'invalid_key' || path.length !== 2 || (section !== 'checks' && section !== 'playbooks')) return [];
    const parsed = schemas[section].safeParse(valueAt(value, [section, String(name)]), { error: sentenceOf });
    return parsed.success ? [] : parsed.error.issues.map((issue) => ({ ...issue, path: [...path, ...issue.path] }));
  });
}

/** A misspelt kind is one mistake: that no kind is given follows from it. */
function withoutEchoes(issues: readonly Issue[]): Issue[] {
  const misspelt = new Set<string>();
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const known = Object.keys(schemaAt(configJsonSchema(), issue.path as FieldPath)?.properties ?? {});
    if (issue.keys.some((key) => nearest(key, known) !== undefined)) misspelt.add(JSON.stringify(issue.path));
  }
  return issues.filter(
    (issue) =>
      !(issue.code === 'custom' && issue.params?.reason === NO_KIND && misspelt.has(JSON.stringify(issue.path))),
  );
}

function faultsOf(value: unknown, issue: Issue): FieldFault[] {
  const field = issue.path as FieldPath;
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...field, key]));
  if (issue.code === 'invalid_key') {
    return [{ field, message: issue.issues[0]?.message ?? issue.message, atKey: true }];
  }
  if (issue.code !== 'custom') {
    const found = valueAt(value, field);
    const schema = schemaAt(configJsonSchema(), field);
    if (found === undefined) return [{ field, message: 'is missing', suggestion: () => spelling(field) }];
    if (found === null) return [{ field, message: 'has no value', suggestion: () => spelling(field) }];
    if (issue.code === 'invalid_union') return ofUnion(value, issue);
    const choices = (schema?.enum ?? []).map(String);
    const suggestion = () => {
      const meant = nearest(String(found), choices);
      return meant === undefined ? spelling(field) : `did you mean ${meant}?`;
    };
    return [{ field, message: issue.message, suggestion }];
  }
  return [{ field, message: issue.message }];
}

/** What is said by the choice that was meant, as far as the kind of the value tells; else what each of them wants. */
function ofUnion(value: unknown, issue: Extract<Issue, { code: 'invalid_union' }>): FieldFault[] {
  const field = issue.path as FieldPath;
  const ofItsKind = issue.errors.filter(
    (issues) => !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0),
  );
  const [meant = [], ...others] = ofItsKind;
  if (ofItsKind.length > 0 && others.length === 0) {
    return meant.flatMap((inner) => faultsOf(value, { ...inner, path: [...field, ...inner.path] }));
  }
  const messages = (ofItsKind.length > 0 ? ofItsKind : issue.errors).map(([first]) => first?.message ?? issue.message);
  return [{ field, message: [...new Set(messages)].join(', and '), suggestion: () => spelling(field) }];
}

function unknownKey(field: FieldPath): FieldFault {
  const key = String(field.at(-1));
  const suggestion = () => {
    const known = Object.keys(schemaAt(configJsonSchema(), field.slice(0, -1))?.properties ?? {});
    const meant = nearest(key, known);
    return meant === undefined ? `known here: ${known.join(', ')}` : `did you mean ${meant}?`;
  };
  return { field, message: 'is not known', suggestion, atKey: true };
}

/** A line that would be right there. */
function spelling(field: FieldPath): string | undefined {
  const key = field.findLast((part) => typeof part === 'string');
  const schema = schemaAt(configJsonSchema(), field);
  const example = exampleOf(schema);
  if (key === undefined || example === undefined || (typeof example === 'object' && !Array.isArray(example)))
    return undefined;
  const text = Array.isArray(example) ? `[${example.join(', ')}]` : String(example);
  return `for example ${typeof field.at(-1) === 'number' ? `- ${text}` : `${key}: ${text}`}`;
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

/** What the schema's own sentences leave open. */
function sentenceOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `is ${kindOf(issue.input)}, not ${WORDS[issue.expected] ?? String(issue.expected)}`;
    case 'invalid_value':
      return issue.values.length === 1
        ? `must be ${String(issue.values[0])}`
        : `is none of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
    case 'too_big':
      return bounds(issue);
    default:
      return undefined;
  }
}

function bounds(issue: {
  readonly code?: string;
  readonly origin: string;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
}): string {
  const limit = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
  if (issue.origin === 'string') return `must have ${limit} characters`;
  if (issue.origin === 'array') return `must have ${limit} entries`;
  return `must be ${limit}`;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return 'a text';
  return `${typeof value === 'number' ? 'the number ' : ''}${value}`;
}
