import { realpathSync } from 'node:fs';
import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import type { ParameterConfig, ParameterType } from '../../core/config/schema/playbook-schema.js';
import { isInterpreter, runsScripts } from './interpreters.js';
import { isPathBelow } from './path-below.js';

/**
 * `{name}` in the argv of a step: one whole argument that a fact of the incident fills, if it is of the declared type.
 * Facts come from alerts and log lines, so a type allows what it names and nothing else, and what begins with `-` never
 * passes: no fact becomes an option. Programs that run what an argument says take no fact at all.
 */

export type Parameters = Readonly<Record<string, ParameterConfig>>;

/** Facts that every incident has; they are words of grace.yaml or of grace itself, and no playbook declares them. */
export const BUILT_IN_PARAMETERS: readonly string[] = ['incident_id', 'check', 'failure_mode', 'severity', 'playbook'];

const WHOLE = /^\{([A-Za-z0-9_][\w.-]*)\}$/;
const INSIDE = /\{[A-Za-z0-9_][\w.-]*\}/;
/** What follows one of these is a script, or a program, to many programs that are no interpreters by name. */
const SCRIPT_OPTION =
  /^(?:-[A-Za-z]{0,2}[ceE]|--?(?:[a-z-]*-)?(?:eval|exec|execdir|ok|okdir|execute|command|expression|rsh|shell|script|program|hook|init-file|rcfile|checkpoint-action))$/;
/** A path after any such word may be one: `-file` too. */
const PATH_OPTION = /^-[A-Za-z]*[ceE]$/;
/** No number is a script. */
const NUMBERS: readonly ParameterType[] = ['port', 'integer'];

const MAX_PATH_BYTES = 4096;
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

interface Kind {
  readonly says: string;
  accepts(text: string): boolean;
}

const KINDS: Readonly<Record<ParameterType, Kind>> = {
  port: { says: 'a port: 1 to 65535', accepts: (text) => /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535 },
  integer: { says: 'a whole number of at most 15 digits', accepts: (text) => /^(?:0|[1-9]\d{0,14})$/.test(text) },
  word: {
    says: 'a word: up to 64 letters, digits, dots, dashes and underscores',
    accepts: (text) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text),
  },
  unit: { says: 'the name of a unit', accepts: (text) => /^[A-Za-z0-9_][A-Za-z0-9@:_.\\-]{0,254}$/.test(text) },
  path: { says: 'an absolute path without ..', accepts: isPlainPath },
  host: { says: 'a host name or an address', accepts: isHost },
};

function isPlainPath(text: string): boolean {
  if (text.length > MAX_PATH_BYTES || Buffer.byteLength(text) > MAX_PATH_BYTES) return false;
  return text.startsWith('/') && !UNSEEN.test(text) && !text.split('/').includes('..');
}

function isHost(text: string): boolean {
  if (text.length > 253) return false;
  if (isIP(text) !== 0) return /^[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?$/.test(text);
  const labels = text.split('.');
  if (!labels.every((label) => /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label))) return false;
  // Programs take 2130706433, 127.1 and 0x7f000001 for addresses: a name ends in something else.
  return !/^(?:\d+|0[xX][0-9A-Fa-f]*)$/.test(labels.at(-1) ?? '');
}

interface Declared {
  readonly type: ParameterType;
  /** Where a path must lie. */
  readonly under?: readonly string[] | undefined;
}

function declaredAs(name: string, params: Parameters): Declared | undefined {
  if (BUILT_IN_PARAMETERS.includes(name)) return { type: 'word' };
  const declared = Object.hasOwn(params, name) ? params[name] : undefined;
  return typeof declared === 'string' ? { type: declared } : declared;
}

function isScript(before: string, type: ParameterType | undefined): boolean {
  if (type !== undefined && NUMBERS.includes(type)) return false;
  return SCRIPT_OPTION.test(before) || ((type === 'path' || type === undefined) && PATH_OPTION.test(before));
}

/** What is wrong with the placeholders of a program and its arguments, whatever the facts may be. */
export function placeholderFaults(argv: readonly string[], params: Parameters): string[] {
  const faults: string[] = [];
  const scripts: string[] = [];
  const [program = ''] = argv;
  if (INSIDE.test(program)) faults.push(`the program itself may not come from data: ${shown(program)}`);
  let filled = false;
  argv.slice(1).forEach((argument, i) => {
    const name = WHOLE.exec(argument)?.[1];
    if (name === undefined) {
      const inside = INSIDE.exec(argument)?.[0];
      if (inside !== undefined) {
        faults.push(`a placeholder fills one whole argument; ${shown(argument)} holds more than ${shown(inside)}`);
        filled = true;
      }
      return;
    }
    filled = true;
    const declared = declaredAs(name, params);
    if (declared === undefined) {
      const known = [...BUILT_IN_PARAMETERS, ...Object.keys(params)].join(', ');
      faults.push(`there is no parameter ${shown(name)}; there are ${known}`);
    }
    if (declared?.type === 'path' && declared.under === undefined) {
      const better = `${name}: { type: path, under: [/…] }`;
      faults.push(`${shown(argument)} may be any path of this host: say below which directories it lies, ${better}`);
    }
    const before = argv[i] ?? '';
    if (i > 0 && !BUILT_IN_PARAMETERS.includes(name) && isScript(before, declared?.type)) {
      scripts.push(`${shown(argument)} after ${before} may be run as a script: it may not come from data`);
    }
  });
  const runs = filled ? interpreterFaults(argv) : [];
  return [...faults, ...(runs.length > 0 ? runs : scripts)];
}

function interpreterFaults(argv: readonly string[]): string[] {
  const [program = ''] = argv;
  if (isInterpreter(program)) return [runsWhatItIsTold(program)];
  const last = argv.findLastIndex((argument) => INSIDE.test(argument));
  // `docker exec` starts something else than /usr/bin/exec does.
  const through = argv.slice(1, last).find((word) => (word.includes('/') ? isInterpreter(word) : runsScripts(word)));
  return through === undefined ? [] : [runsWhatItIsTold(through)];
}

function runsWhatItIsTold(program: string): string {
  return `${shown(program)} runs what its arguments say: none of them may come from data`;
}

export type Filled =
  | { readonly ok: true; readonly argv: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/**
 * Fills the placeholders. Everything that was checked when the playbook was read is checked again, and that the program
 * is no interpreter under another name. A reason never repeats a fact: it may be anything.
 */
export function fillArguments(
  argv: readonly string[],
  params: Parameters,
  facts: Readonly<Record<string, string>>,
): Filled {
  const [fault] = placeholderFaults(argv, params);
  if (fault !== undefined) return { ok: false, reason: fault };
  if (!argv.some((argument) => WHOLE.test(argument))) return { ok: true, argv };
  const disguised = interpreterInDisguise(argv[0] ?? '');
  if (disguised !== undefined) return { ok: false, reason: disguised };

  const filled: string[] = [];
  for (const argument of argv) {
    const name = WHOLE.exec(argument)?.[1];
    if (name === undefined) {
      filled.push(argument);
      continue;
    }
    const { type, under = [] } = declaredAs(name, params) ?? { type: 'word' };
    const kind = KINDS[type];
    const fact: unknown = Object.hasOwn(facts, name) ? facts[name] : undefined;
    if (typeof fact !== 'string') return { ok: false, reason: `the incident has no fact ${name}` };
    if (fact.startsWith('-') || !kind.accepts(fact)) return { ok: false, reason: `${name} is not ${kind.says}` };
    if (type === 'path' && !isPathBelow(fact, under)) {
      return { ok: false, reason: `${name} does not lie below ${under.join(' or ')}` };
    }
    filled.push(fact);
  }
  return { ok: true, argv: filled };
}

function interpreterInDisguise(program: string): string | undefined {
  if (!isAbsolute(program)) return `${shown(program)} is not the absolute path of a program`;
  let real: string;
  try {
    real = realpathSync(program);
  } catch {
    return `there is no program ${shown(program)}`;
  }
  return isInterpreter(real) ? `${shown(program)} is ${shown(real)}: ${runsWhatItIsTold(real)}` : undefined;
}

/** For a sentence: bounded, and nothing in it moves a terminal's cursor. */
function shown(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?');
  return plain.length > 80 ? `${plain.slice(0, 80)}…` : plain;
}
