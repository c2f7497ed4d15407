import type { FieldPath } from './field-path.js';

/** Characters; what is longer is no longer read. */
const MOST_SHOWN = 60;

/** What stands at or below these keys may be kept from others, or is, by mistake, what should stand in the file it names. */
const SECRET_KEYS: ReadonlySet<unknown> = new Set([
  ...['headers', 'expect_header', 'env', 'body', 'send'],
  ...['webhook', 'secret_file', 'authorization_file'],
]);

/** Whether what stands there, or in it, may be a secret: what is told of it goes to terminals and into logs. */
export function mayBeSecret(field: FieldPath, value: unknown): boolean {
  // A file that is something else altogether is nobody's configuration.
  return (
    field.length === 0 ||
    field.some((part) => SECRET_KEYS.has(part)) ||
    (typeof value === 'string' && withoutCredentials(value) !== value)
  );
}

/** A text, number or boolean of the file, cut; quoted where it would be taken for something else. Escape it before it is shown. */
export function shownValue(value: unknown): string {
  if (typeof value !== 'string') return String(value);
  const text = cut(withoutCredentials(value), MOST_SHOWN);
  return isPlainWord(text) ? text : `"${text}"`;
}

/** A value as it can be written into the file. */
export function asYaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(asYaml).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, inner]) => `${key}: ${asYaml(inner)}`)
      .join(', ')} }`;
  }
  if (typeof value !== 'string') return String(value);
  return isPlainScalar(value) ? value : JSON.stringify(value);
}

/** At most so many characters, the last of them an ellipsis where some are left out. */
export function cut(text: string, most: number): string {
  // Two code units a character at most: a file may hold a value of a megabyte.
  const characters = [...text.slice(0, 2 * most + 2)];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}

/** `http://user:password@host/?token=secret` */
function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/\s]*@/, '//…@').replace(/(\/\/[^?]*)\?.*/s, '$1?…');
}

/** What YAML reads as something else than a text. */
const OTHER_KIND =
  /^(~|null|true|false|[-+]?(\d[\d_]*\.?\d*|\.\d+)(e[-+]?\d+)?|0x[\da-f]+|0o[0-7]+|[-+]?\.(inf|nan))$/i;

function isPlainWord(text: string): boolean {
  return text !== '' && !/\s/.test(text) && !OTHER_KIND.test(text);
}

function isPlainScalar(text: string): boolean {
  return (
    /^[A-Za-z0-9/](?:[A-Za-z0-9 /._%@*+=?&-]|:(?=\S))*$/.test(text) && !OTHER_KIND.test(text) && !text.endsWith(' ')
  );
}
