import type { RE2JS as Expression } from 're2js';

/**
 * Globs of files below a directory: `*`, `?`, `[…]` within one name, and `**` as a whole name for any number of
 * directories. A leading dot is matched only by a dot, and a name is matched in linear time.
 */

/** `**`, or the source of an expression for one name. */
type Part = { readonly any: true } | { readonly any: false; readonly source: string; readonly dotted: boolean };

export type ParsedGlob = { readonly parts: readonly Part[] } | { readonly fault: string };

const ANY: Part = { any: true };

export function parseGlob(glob: string): ParsedGlob {
  if (glob.includes('\0')) return { fault: 'contains a NUL' };
  if (glob.startsWith('/')) return { fault: 'begins with /; a glob is relative to each root' };
  const names = glob.split('/');
  const parts: Part[] = [];
  for (const name of names) {
    if (name === '' || name === '.' || name === '..')
      return { fault: `contains ${name === '' ? 'an empty name' : name}` };
    if (name === '**') {
      if (parts.at(-1) !== ANY) parts.push(ANY);
      continue;
    }
    const source = sourceOf(name);
    if (source === undefined) return { fault: 'has a [ without its ], or a range that runs backwards' };
    parts.push({ any: false, source, dotted: name.startsWith('.') });
  }
  // All files below.
  if (parts.at(-1) === ANY) parts.push({ any: false, source: '.*', dotted: false });
  return { parts };
}

function sourceOf(name: string): string | undefined {
  const chars = [...name];
  let source = '';
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] ?? '';
    if (char === '*') {
      // Several in a row are one.
      if (chars[i - 1] !== '*') source += '.*';
    } else if (char === '?') {
      source += '.';
    } else if (char === '[') {
      const set = setAt(chars, i);
      if (set === undefined) return undefined;
      source += set.source;
      i = set.end;
    } else {
      source += quoted(char);
    }
  }
  return source;
}

/** `[abc]`, `[a-z]`, `[!a]` or `[^a]`; `]` stands first to be meant itself. */
function setAt(chars: readonly string[], start: number): { source: string; end: number } | undefined {
  let i = start + 1;
  const negated = chars[i] === '!' || chars[i] === '^';
  if (negated) i++;
  let ranges = '';
  for (let first = true; ; first = false) {
    const from = chars[i];
    if (from === undefined) return undefined;
    if (from === ']' && !first) break;
    const to = chars[i + 1] === '-' && chars[i + 2] !== ']' ? chars[i + 2] : undefined;
    if (to !== undefined && (to.codePointAt(0) ?? 0) < (from.codePointAt(0) ?? 0)) return undefined;
    ranges += to === undefined ? quoted(from) : `${quoted(from)}-${quoted(to)}`;
    i += to === undefined ? 1 : 3;
  }
  return { source: `[${negated ? '^' : ''}${ranges}]`, end: i };
}

function quoted(char: string): string {
  return `\\x{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}

/** Where in which globs a directory below the root stands; nothing below it can match when it is empty. */
export type Position = readonly (readonly [glob: number, part: number])[];

export interface Globs {
  /** Of the root. */
  readonly start: Position;
  enter(position: Position, directory: string): Position;
  matches(position: Position, file: string): boolean;
}

/** Throws on a glob that has a fault. */
export async function compileGlobs(globs: readonly string[]): Promise<Globs> {
  const { RE2JS } = await import('re2js');
  const compiled = globs.map((glob) => {
    const parsed = parseGlob(glob);
    if ('fault' in parsed) throw new Error(`the glob ${JSON.stringify(glob)} ${parsed.fault}`);
    return parsed.parts.map((part) =>
      part.any ? undefined : matcherOf(RE2JS.compile(part.source, RE2JS.DOTALL), part),
    );
  });
  const partAt = (glob: number, part: number) => compiled[glob]?.[part];
  /** `**` stands for no directory too. */
  const withSkipped = (glob: number, part: number): [number, number][] =>
    partAt(glob, part) === undefined
      ? [
          [glob, part],
          [glob, part + 1],
        ]
      : [[glob, part]];
  const isLast = (glob: number, part: number) => part === (compiled[glob]?.length ?? 0) - 1;

  return {
    start: compiled.flatMap((_, glob) => withSkipped(glob, 0)),
    enter(position, directory) {
      const next: [number, number][] = [];
      for (const [glob, part] of position) {
        const matches = partAt(glob, part);
        if (matches === undefined) {
          if (!directory.startsWith('.')) next.push(...withSkipped(glob, part));
        } else if (!isLast(glob, part) && matches(directory)) {
          next.push(...withSkipped(glob, part + 1));
        }
      }
      const seen = new Set<string>();
      return next.filter((one) => !seen.has(one.join()) && seen.add(one.join()));
    },
    matches: (position, file) =>
      position.some(([glob, part]) => isLast(glob, part) && partAt(glob, part)?.(file) === true),
  };
}

function matcherOf(expression: Expression, { dotted }: { readonly dotted: boolean }): (name: string) => boolean {
  return (name) => name.startsWith('.') === dotted && expression.matches(name);
}
