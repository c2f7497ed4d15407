/** A place in grace.yaml: the keys and list positions that lead there. */
export type FieldPath = readonly (string | number)[];

/** As it is shown: `checks.web.every`, `playbooks.restart.steps[0].run`, `checks["a.b"]`; the whole file is the empty text. */
export function fieldOf(path: FieldPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (!/^[A-Za-z0-9_-]+$/.test(part)) text += `[${JSON.stringify(part)}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

/** What stands there, in plain data; `undefined` where nothing does. */
export function valueAt(value: unknown, path: FieldPath): unknown {
  let at = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<string | number, unknown>)[part];
  }
  return at;
}
