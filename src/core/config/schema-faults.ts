import type { z } from 'zod';
import { belongsAbove, belongsTo } from './belongs-to.js';
import { nearest } from './closest.js';
import { type FieldPath, valueAt } from './field-path.js';
import { fieldTakes, readersOf } from './field-takes.js';
import { configJsonSchema } from './json-schema.js';
import { respellings } from './respellings.js';
import { checkSchema } from './schema/check-schema.js';
import { type GraceConfig, graceSchema } from './schema/grace-schema.js';
import { NO_KIND } from './schema/one-kind.js';
import { playbookSchema } from './schema/playbook-schema.js';
import { exampleOf, schemaAt } from './schema-at.js';
import { asYaml, mayBeSecret, shownValue } from './shown-value.js';

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
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(value, [...field, key]));
  if (issue.code === 'invalid_key') return [badName(field, issue)];
  const found = valueAt(value, field);
  if (issue.code === 'custom') {
    const own = issue.params?.suggestion;
    const suggestion = typeof own === 'string' ? () => own : () => meantAt(field, found);
    return [{ field, message: about(field, found, issue.message), suggestion }];
  }
  if (found === undefined) return [{ field, message: 'is missing', suggestion: () => spelling(field) }];
  if (found === null) {
    const suggestion = () => spelling(field) ?? 'indent what belongs to it further than its name';
    return [{ field, message: 'has no value', suggestion }];
  }
  if (issue.code === 'invalid_union' && typeof found === 'object') return ofUnion(value, issue);
  const message = about(field, found, sentenceFor(field, found) ?? issue.message);
  return [{ field, message, suggestion: () => meantAt(field, found) ?? spelling(field) }];
}

function badName(field: FieldPath, issue: Extract<Issue, { code: 'invalid_key' }>): FieldFault {
  const message = issue.issues[0]?.message ?? issue.message;
  const suggestion = () => {
    const key = String(field.at(-1));
    if (message.startsWith('is not an account') && /^[A-Za-z0-9._*-]{1,64}$/.test(key)) return `write operator:${key}`;
    const name = key
      .trim()
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+|-+$/g, '')
      .slice(0, 64);
    return message.startsWith('is not a name') && name !== '' ? `write ${name}` : undefined;
  };
  return { field, message, suggestion, atKey: true };
}

/** A sentence that begins with its verb, after what was found; a list or a mapping is too long to be named. */
function about(field: FieldPath, found: unknown, sentence: string): string {
  const isShown = found !== undefined && found !== null && typeof found !== 'object' && !mayBeSecret(field, found);
  return isShown ? `${shownValue(found)} ${sentence}` : sentence;
}

/** What is wrong with a single value: of a number in the place of a text, what the text would have to be. */
function sentenceFor(field: FieldPath, found: unknown): string | undefined {
  if (typeof found === 'object') return undefined;
  const sentences = readersOf(field).flatMap((reader) => {
    const read = (value: unknown) => reader.safeParse(value, { error: sentenceOf }).error?.issues[0];
    const said = [read(found), read(String(found))].filter((issue) => issue !== undefined);
    const best = said.find((issue) => !isOfOtherKind(issue)) ?? said[0];
    return best === undefined ? [] : [sentenceOfChoice(best, found)];
  });
  return sentences.length === 0 ? undefined : [...new Set(sentences)].join(', and ');
}

/** Whether nothing is said but that the value is of another kind. */
function isOfOtherKind(issue: Issue): boolean {
  if (issue.code === 'invalid_union') return issue.errors.every(([first]) => first?.code === 'invalid_type');
  return issue.code === 'invalid_type';
}

function sentenceOfChoice(issue: Issue, found: unknown): string {
  if (issue.code !== 'invalid_union') return issue.message;
  const firsts = issue.errors.flatMap(([first]) => first ?? []);
  const wanted = firsts.flatMap((first) => (first.code === 'invalid_type' ? wordFor(first.expected) : []));
  if (wanted.length === firsts.length) return `is ${kindOf(found)}, not ${wanted.join(' or ')}`;
  return firsts.flatMap((first) => (first.code === 'invalid_type' ? [] : first.message)).join(', and ');
}

/** What was most likely meant, as the field takes it. */
function meantAt(field: FieldPath, found: unknown): string | undefined {
  // What the field takes by itself is refused for what stands around it.
  if (found === undefined || fieldTakes(field, found)) return undefined;
  if (mayBeSecret(field, found)) return meantBySecret(field, found);
  const above = belongsAbove(field);
  if (above !== undefined) return above;
  const choices = (schemaAt(configJsonSchema(), field)?.enum ?? []).map(String);
  const choice = typeof found === 'object' ? undefined : nearest(String(found), choices);
  if (choice !== undefined) return `did you mean ${choice}?`;
  for (const group of [...respellings(found), ...inMapping(field, found)]) {
    const taken = group.filter((guess) => fieldTakes(field, guess)).map(asYaml);
    if (taken.length > 0) return `write ${[...new Set(taken)].join(' or ')}`;
  }
  const parameter = parameterOf(found);
  if (parameter !== undefined && fieldTakes(field, parameter)) return `write ${asYaml(parameter)}`;
  if (/^~|\$\w|\$\{/.test(String(found))) return 'write it out: neither ~ nor $NAME is filled in';
  return ofOtherShape(field, found);
}

/** `{port}` without quotes is a mapping. */
function parameterOf(found: unknown): string | undefined {
  if (typeof found !== 'object' || found === null) return undefined;
  const [[name, inner] = [], ...more] = Object.entries(found);
  return name !== undefined && inner === null && more.length === 0 ? `{${name}}` : undefined;
}

/** Says nothing of the value. */
function meantBySecret(field: FieldPath, found: unknown): string | undefined {
  if (typeof found !== 'object' && fieldTakes(field, String(found))) return 'put it in quotes';
  if (String(field.at(-1)).endsWith('_file')) return 'name the file that holds it, by its whole path';
  return ofOtherShape(field, found);
}

/** One value, a list or a mapping stands where another of them should. */
function ofOtherShape(field: FieldPath, found: unknown): string | undefined {
  const { type, properties } = schemaAt(configJsonSchema(), field) ?? {};
  const wants = (shape: string) => type === shape || (Array.isArray(type) && type.includes(shape));
  if (wants('array') && !Array.isArray(found)) {
    return typeof found === 'object' ? 'begin each entry with a dash' : 'write a list: [ONE, ANOTHER]';
  }
  if (!wants('object') || (typeof found === 'object' && !Array.isArray(found))) return undefined;
  if (properties === undefined) {
    return Array.isArray(found) ? 'write NAME: before each entry, in the place of its dash' : undefined;
  }
  return `${Array.isArray(found) ? 'leave the dash out; ' : ''}known here: ${Object.keys(properties).join(', ')}`;
}

/** The one thing that a mapping is about, given in its place: `systemd: web.service`. */
function inMapping(field: FieldPath, found: unknown): (readonly unknown[])[] {
  if (typeof found === 'object') return [];
  const keys = Object.keys(schemaAt(configJsonSchema(), field)?.properties ?? {});
  return keys.map((key) => [{ [key]: found }]);
}

/** What is said by the choice that was meant, as far as the kind of the value tells; else what each of them wants. */
function ofUnion(value: unknown, issue: Extract<Issue, { code: 'invalid_union' }>): FieldFault[] {
  const field = issue.path as FieldPath;
  const ofItsKind = issue.errors.filter(
    (issues) => !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0),
  );
  const [only = [], ...others] = ofItsKind;
  if (ofItsKind.length > 0 && others.length === 0) {
    return only.flatMap((inner) => faultsOf(value, { ...inner, path: [...field, ...inner.path] }));
  }
  const messages = (ofItsKind.length > 0 ? ofItsKind : issue.errors).map(([first]) => first?.message ?? issue.message);
  return [{ field, message: [...new Set(messages)].join(', and '), suggestion: () => spelling(field) }];
}

function unknownKey(value: unknown, field: FieldPath): FieldFault {
  const key = String(field.at(-1));
  const suggestion = () => {
    const known = Object.keys(schemaAt(configJsonSchema(), field.slice(0, -1))?.properties ?? {});
    const meant = nearest(key, known);
    if (meant !== undefined) return `did you mean ${meant}?`;
    return belongsTo(value, field) ?? `known here: ${known.join(', ')}`;
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
  const text = asYaml(example);
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
      return `is ${kindOf(issue.input)}, not ${wordFor(issue.expected)}`;
    case 'invalid_value':
      return issue.values.length === 1
        ? `is not read, only ${String(issue.values[0])}`
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
  const { minimum, maximum } = issue;
  const isSmall = issue.code === 'too_small';
  if (issue.origin === 'string') {
    if (isSmall && Number(minimum) === 1) return 'is empty';
    return isSmall ? `has fewer than ${minimum} characters` : `has more than ${maximum} characters`;
  }
  if (issue.origin === 'array') {
    if (isSmall && Number(minimum) === 1) return 'has no entry';
    return isSmall ? `has fewer than ${minimum} entries` : `has more than ${maximum} entries`;
  }
  return isSmall ? `is less than ${minimum}` : `is more than ${maximum}`;
}

function wordFor(expected: string): string {
  return WORDS[expected] ?? expected;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return { string: 'a text', number: 'a number' }[String(typeof value)] ?? 'a boolean';
}
