/**
 * The rules of C2SP signed-note: not empty, no Unicode space, no plus. Control characters and lone surrogates are out
 * as well, since a note with such a name would not be a note.
 */
export function isKeyName(name: string): boolean {
  return name !== '' && !/[\p{White_Space}+\x00-\x1f\p{Surrogate}]/u.test(name);
}
