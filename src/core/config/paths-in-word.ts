import { posix } from 'node:path';

/** A path that a word of a command may mean. */
export interface WordPath {
  /** Absolute. */
  readonly path: string;
  /** Whether it can hardly be anything but a path: then it counts before it is there. */
  readonly certain: boolean;
}

/** What stands around a path in the text of a shell or a language, in lists, and in what is assigned. */
const BETWEEN = /[\s'"`;|&<>(){}[\],:=@$!]+/;
const OPTION = /^(?:--|-[A-Za-z]?)/;
/** The kernel has no longer name. */
const MAX_NAME = 255;

/** Every path in a word: the word, its parts, and what is joined to an option's letter or to another one (`-f/etc/x`, `1e/etc/x`). */
export function pathsInWord(word: string, cwd: string): WordPath[] {
  const found = new Map<string, boolean>();
  const add = (text: string, certain: boolean) => {
    const path = posix.resolve(cwd, text);
    if (path.split('/').some((name) => name.length > MAX_NAME)) return;
    found.set(path, certain || found.get(path) === true);
  };
  for (const part of new Set([word, ...word.split(BETWEEN)])) {
    const slash = part.indexOf('/');
    if (slash >= 0) add(part.slice(slash), slash === 0 || part.startsWith('-'));
    const relative = part.replace(OPTION, '');
    // Without a directory of its own nobody could tell which file is meant.
    if (slash !== 0 && relative !== '' && (slash > 0 || cwd !== '/')) add(relative, false);
  }
  return [...found].map(([path, certain]) => ({ path, certain }));
}
