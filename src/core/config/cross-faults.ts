import { nearest } from './closest.js';
import { cronSpelled } from './cron-spelled.js';
import { dependencyCycles, type Reference } from './dependency-cycles.js';
import type { FieldPath } from './field-path.js';
import { valueAt } from './field-path.js';
import { entriesOf, listAt, textAt } from './raw-config.js';
import { parseDuration } from './schema/units.js';
import type { FieldFault } from './schema-faults.js';
import { asYaml, cut, shownValue } from './shown-value.js';

const MAX_NAMES_SHOWN = 10;
/** Characters of what a parser has to say; it repeats what it was given. */
const MAX_REASON = 160;
/** For seeing whether a window ever comes: a leap year lies ahead, and every weekday on every date. */
const SOME_DAY = new Date('2024-01-01T00:00:00Z');

/**
 * What one part of the file has against another: names that nobody has, checks that wait for themselves, expressions that mean
 * nothing, proofs that cannot be had. Over the file as it is written, so that it is told beside what the schema finds.
 */
export async function crossFaults(value: unknown): Promise<FieldFault[]> {
  return [
    ...unknownPlaybooks(value),
    ...dependencyFaults(value),
    ...verifyFaults(value),
    ...(await patternFaults(value)),
    ...(await maintenanceFaults(value)),
  ];
}

function unknownPlaybooks(value: unknown): FieldFault[] {
  const playbooks = entriesOf(value, 'playbooks').map(([name]) => name);
  const known = new Set(playbooks);
  return entriesOf(value, 'checks').flatMap(([name, check]) =>
    namesIn(check, 'heal', ['checks', name])
      .filter(({ to }) => !known.has(to))
      .map(({ to, field }) => nobody(field, `there is no playbook ${shownValue(to)}`, to, playbooks)),
  );
}

const NAMES_CHECKS = ['depends_on', 'all', 'any'] as const;

function dependencyFaults(value: unknown): FieldFault[] {
  const checks = entriesOf(value, 'checks');
  const names = checks.map(([name]) => name);
  const references = new Map<string, Reference[]>();
  for (const [name, check] of checks) {
    references.set(
      name,
      NAMES_CHECKS.flatMap((key) => namesIn(check, key, ['checks', name])),
    );
  }
  const faults: FieldFault[] = [];
  for (const [name, named] of references) {
    for (const { to, field } of named) {
      if (to === name) faults.push({ field, message: 'names the check itself' });
      else if (!references.has(to)) faults.push(nobody(field, `there is no check ${shownValue(to)}`, to, names));
    }
  }
  const rings = dependencyCycles(references).map(({ field, names: ring }) => ({
    field,
    message: `is a ring: ${[...shortened(ring), ring[0]].join(' → ')}`,
  }));
  return [...faults, ...rings];
}

function shortened(names: readonly string[]): readonly string[] {
  return names.length <= MAX_NAMES_SHOWN ? names : [...names.slice(0, MAX_NAMES_SHOWN - 2), '…', ...names.slice(-1)];
}

function namesIn(check: unknown, key: string, path: FieldPath): Reference[] {
  return listAt(check, key).flatMap((to, i) => (typeof to === 'string' ? [{ to, field: [...path, key, i] }] : []));
}

function nobody(field: FieldPath, message: string, name: string, names: readonly string[]): FieldFault {
  const suggestion = () => {
    const meant = nearest(name, names);
    if (meant !== undefined) return `did you mean ${meant}?`;
    if (names.length === 0) return undefined;
    return `there are ${names.slice(0, MAX_NAMES_SHOWN).join(', ')}${names.length > MAX_NAMES_SHOWN ? ', …' : ''}`;
  };
  return { field, message, suggestion };
}

/** What playbooks and checks have when the file does not say; seconds. */
const DEFAULT = { passes: 2, within_s: 30, every_s: 30, most_between_s: 1 };

/** A recovery that cannot be verified in the time it is given would make every remedy fail. */
function verifyFaults(value: unknown): FieldFault[] {
  const slowest = new Map<string, number>();
  for (const [name, check] of entriesOf(value, 'checks')) {
    const every_s = Math.min(secondsAt(check, 'every') ?? DEFAULT.every_s, DEFAULT.most_between_s);
    for (const { to } of namesIn(check, 'heal', ['checks', name])) {
      slowest.set(to, Math.max(slowest.get(to) ?? 0, every_s));
    }
  }
  return entriesOf(value, 'playbooks').flatMap(([name, playbook]) => {
    const passes = valueAt(playbook, ['verify', 'passes']) ?? DEFAULT.passes;
    const within_s = secondsAt(playbook, 'verify', 'within') ?? DEFAULT.within_s;
    const own_s = secondsAt(playbook, 'verify', 'every');
    const every_s = own_s ?? slowest.get(name);
    if (typeof passes !== 'number' || every_s === undefined) return [];
    const field = ['playbooks', name, 'verify', ...(own_s === undefined ? [] : ['every'])];
    const needs_s = Math.max((passes - 1) * every_s, own_s ?? 0);
    if (needs_s <= within_s) return [];
    return [
      {
        field,
        message: `can never be verified: ${passes} passes, one every ${every_s} s, do not fit into ${within_s} s`,
        suggestion: () => `for example within: ${Math.ceil(needs_s * 2)}s`,
      },
    ];
  });
}

function secondsAt(value: unknown, ...path: readonly string[]): number | undefined {
  const text = textAt(value, ...path);
  return text === undefined ? undefined : parseDuration(text);
}

async function patternFaults(value: unknown): Promise<FieldFault[]> {
  const patterns = entriesOf(value, 'checks').flatMap(([name, check]) =>
    ['pattern', 'ignore'].flatMap((key) => {
      const text = textAt(check, 'log', key);
      return text === undefined ? [] : [{ text, field: ['checks', name, 'log', key] }];
    }),
  );
  if (patterns.length === 0) return [];
  const { RE2JS } = await import('re2js');
  return patterns.flatMap(({ text, field }) => {
    try {
      RE2JS.compile(text);
      return [];
    } catch (error) {
      const why = (error as Error).message.replace(/^error parsing regexp: /, '');
      // Most often it is text in which some character happens to mean something.
      const suggestion = () =>
        text.length > 256 ? undefined : `to find it as it stands: ${asYaml(RE2JS.quote(text))}`;
      return [
        { field, message: `${shownValue(text)} is not an expression of RE2: ${cut(why, MAX_REASON)}`, suggestion },
      ];
    }
  });
}

async function maintenanceFaults(value: unknown): Promise<FieldFault[]> {
  const windows = listAt(value, 'maintenance');
  if (windows.length === 0) return [];
  const { Cron } = await import('croner');
  return windows.flatMap((window, i): FieldFault[] => {
    const timezone = textAt(window, 'timezone') ?? 'UTC';
    const faults: FieldFault[] = [];
    if (!isTimeZone(timezone)) {
      faults.push({
        field: ['maintenance', i, 'timezone'],
        message: `${shownValue(timezone)} is not a time zone`,
        suggestion: () => {
          const meant = nearest(timezone, Intl.supportedValuesOf('timeZone'));
          return meant === undefined ? 'for example timezone: Europe/Berlin' : `did you mean ${meant}?`;
        },
      });
    }
    const cron = textAt(window, 'cron');
    if (cron === undefined) return faults;
    const field = ['maintenance', i, 'cron'];
    const suggestion = () => {
      const meant = cronSpelled(cron);
      const isMeant = meant !== undefined && cronFault(Cron, meant) === undefined;
      return `${isMeant ? `write ${meant}` : 'for example cron: 0 3 * * 0'}   (minute hour day month weekday)`;
    };
    const fault = cronFault(Cron, cron);
    if (fault !== undefined) faults.push({ field, message: `${shownValue(cron)} ${fault}`, suggestion });
    return faults;
  });
}

function cronFault(Cron: typeof import('croner').Cron, text: string): string | undefined {
  try {
    const schedule = new Cron(text, { mode: '5-part', timezone: 'UTC', paused: true });
    return schedule.nextRun(SOME_DAY) === null ? 'never comes' : undefined;
  } catch (error) {
    const why = (error as Error).message.replace(/^CronPattern: /, '');
    return `is not a cron expression: ${cut(why, MAX_REASON)}`;
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
