/** The line of a text in which the parser gave up, and where in it. */
export interface BrokenPlace {
  readonly line: string;
  /** From 1. */
  readonly column: number;
}

/** What to do about a text that is not YAML, by the code of the parser's error; most often it is one of a few slips. */
export function yamlHint(code: string, message: string, { line, column }: BrokenPlace): string | undefined {
  if (/^\s*(<{7}|={7}|>{7})( |$)/.test(line)) return 'two versions were merged here and not settled: keep one of them';
  const rest = line.slice(column - 1);
  // The parser complains of what follows the first star, too.
  const starred = /(?:^|[\s,[{:])(\*[^,}\]#]*)/.exec(line)?.[1]?.trim();
  if (/\balias\b/i.test(message) && starred !== undefined) return starHint(starred);
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'indent with blanks, two for each level';
    case 'BAD_INDENT':
      if (message.startsWith('Flow')) return `something before this is not closed with ${message.at(-1)}; ${COMMENT}`;
      return 'begin it below the first letter of what it stands beside';
    case 'MULTILINE_IMPLICIT_KEY':
    case 'MISSING_CHAR':
      if (message.startsWith('Missing closing')) return 'a quote that was opened further up is not closed';
      return (
        missingColon(line) ??
        (message.startsWith('Flow') ? `something before this is not closed; ${COMMENT}` : undefined)
      );
    case 'BAD_SCALAR_START':
      return `put it in quotes: "${/^[^\s,}\]]*/.exec(rest)?.[0] ?? ''}"`;
    case 'UNEXPECTED_TOKEN':
      return line.includes("'") ? "within single quotes write '' for each ', or put it in double quotes" : undefined;
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'a text that holds a colon and a blank must stand in quotes';
    case 'BAD_DQ_ESCAPE':
      return 'put it in single quotes, in which a backslash is only a backslash';
    case 'NON_STRING_KEY':
      return 'a name is a text, no list and no mapping; {NAME} must stand in quotes: "{NAME}"';
    default:
      return undefined;
  }
}

/** A text that begins with a star is taken for an alias. */
export function starHint(text: string): string {
  return `a text that begins with * must stand in quotes: "${text.slice(0, 60)}"`;
}

const COMMENT = 'what follows a blank and a # is a comment';

function missingColon(line: string): string | undefined {
  const [, key, value] = /^[\s-]*([A-Za-z][\w.-]*):([^\s:/][^:]*)$/.exec(line) ?? [];
  if (key !== undefined) return `a blank must follow the colon: ${key}: ${value?.trim().slice(0, 60)}`;
  const [, name] = /^[\s-]*([A-Za-z][\w.-]*)\s*$/.exec(line) ?? [];
  if (name !== undefined) return `a colon must follow the name: ${name}:`;
  return undefined;
}
