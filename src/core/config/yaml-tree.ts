import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  type ParsedNode,
  Parser,
  type Scalar,
  type YAMLParseError,
} from 'yaml';
import { nearest } from './closest.js';
import { type FieldPath, fieldOf } from './field-path.js';
import { LinePlaces, type Place } from './line-places.js';
import { starHint, yamlHint } from './yaml-hints.js';

/** Something wrong with the text itself, at its place. */
export interface TextFault extends Place {
  readonly field: FieldPath;
  readonly message: string;
  readonly suggestion?: string;
}

export interface YamlTree {
  /** Plain data: objects without the keys that were refused, lists, texts, numbers, booleans, `null`. */
  readonly value: unknown;
  /** Not YAML, or beyond all bounds: there is no `value`. */
  readonly broken: readonly TextFault[];
  /** YAML, but not what a configuration may hold; what is refused is not in `value`. */
  readonly refused: readonly TextFault[];
  /** Where each field stands: a mapping or list in blocks at its key, anything else at its value. By {@link fieldOf}. */
  readonly places: ReadonlyMap<string, Place>;
  /** Where the key of each field stands, of the unknown ones too. */
  readonly keys: ReadonlyMap<string, Place>;
}

/** Of what the parser keeps open at a time; a real configuration has less than 20. */
const MAX_DEPTH = 64;
/** Values, those that aliases repeat among them. */
const MAX_NODES = 200_000;
/** As `escapeText` has it: what a terminal would not show as it is. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Blanks that look like the plain one. */
const OTHER_BLANK = /[^\P{Zs} ]/u;

/**
 * Reads one YAML document of at most some MiB. Never throws. Aliases stand for what their anchor names, as long as the whole
 * stays bounded; merge keys, tags beyond the plain ones, directives, further documents and keys that stand twice are refused.
 */
export function readYaml(text: string): YamlTree {
  const lines = new LinePlaces(text);
  const parsed = parse(text);
  if (!('documents' in parsed)) {
    const fault = { ...lines.at(parsed.offset), field: [], message: 'is nested too deeply' };
    return nothing([fault]);
  }
  const [document, ...others] = parsed.documents;
  const reader = new TreeReader(lines);
  const broken = parsed.documents.flatMap(({ errors }) => errors);
  if (!document || broken.length > 0) return nothing(reader.notYaml(broken));
  if (document.directives.yaml.explicit) reader.refuse(0, [], 'a %YAML directive is not read');
  for (const { pos, message } of document.warnings) {
    const tag = /^Unresolved tag: (?:tag:yaml.org,2002:)?(.*)/.exec(withoutDetail(message))?.[1];
    reader.refuse(pos[0], [], tag === undefined ? withoutDetail(message) : `the tag ${tag} is not read`);
  }
  for (const other of others.slice(0, 1)) {
    reader.refuse(other.contents?.range?.[0] ?? other.range[0], [], 'a second document is not read');
  }
  const value = document.contents === null ? null : reader.valueOf(document.contents, []);
  if (reader.overflow) return nothing([reader.overflow]);
  return { value, broken: [], refused: reader.refused, places: reader.places, keys: reader.keys };
}

function nothing(broken: readonly TextFault[]): YamlTree {
  return { value: undefined, broken, refused: [], places: new Map(), keys: new Map() };
}

type Parsed = { readonly documents: readonly Document.Parsed<ParsedNode>[] } | { readonly offset: number };

/** As `parseAllDocuments` does it, but it stops before the nesting could exhaust the stack of what comes after. */
function parse(text: string): Parsed {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > MAX_DEPTH) return { offset: parser.offset };
  }
  for (const token of parser.end()) tokens.push(token);
  const composer = new Composer({
    prettyErrors: false,
    stringKeys: true,
    // Compared here, in linear time, and told with the line of the first.
    uniqueKeys: false,
    merge: false,
    resolveKnownTags: false,
    customTags: null,
    logLevel: 'silent',
  });
  return { documents: [...composer.compose(tokens, true, text.length)] };
}

class TreeReader {
  readonly places = new Map<string, Place>();
  readonly keys = new Map<string, Place>();
  readonly refused: TextFault[] = [];
  overflow: TextFault | undefined;
  readonly #lines: LinePlaces;
  readonly #anchors = new Map<string, Node>();
  #nodes = 0;

  constructor(lines: LinePlaces) {
    this.#lines = lines;
  }

  refuse(offset: number, field: FieldPath, message: string, suggestion?: string): void {
    this.refused.push({
      ...this.#lines.at(offset),
      field,
      message,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }

  /** After the first slip of a line, what is said of the rest of it follows from that. */
  notYaml(errors: readonly YAMLParseError[]): TextFault[] {
    const lines = new Set<number>();
    return errors.flatMap(({ pos, message, code }) => {
      const place = this.#place(pos[0]);
      if (lines.has(place.line)) return [];
      lines.add(place.line);
      const told = withoutDetail(message);
      const suggestion = yamlHint(code, told, { line: this.#lines.textOf(place), column: place.column });
      const fault = { ...place, field: [], message: `is not YAML: ${told}` };
      return [suggestion === undefined ? fault : { ...fault, suggestion }];
    });
  }

  /** `keyOffset`: where the key of this value stands, if it has one. */
  valueOf(node: Node | null, path: FieldPath, keyOffset?: number): unknown {
    const offset = node?.range?.[0] ?? keyOffset ?? 0;
    if (++this.#nodes > MAX_NODES) {
      this.overflow ??= { ...this.#place(offset), field: [], message: 'holds too much, counting what aliases repeat' };
      return null;
    }
    if (isAlias(node)) return this.#aliased(node.source, offset, path, keyOffset);
    // A mapping or list in blocks begins where its first entry does, which says nothing of the whole.
    const isSeen = isScalar(node) ? node.range?.[0] !== node.range?.[1] : isCollection(node) && node.flow;
    const atKey = keyOffset !== undefined && !isSeen;
    this.places.set(fieldOf(path), this.#place(atKey ? keyOffset : offset));
    const value = this.#plain(node, path);
    // Only now: an alias within its own anchor has nothing to stand for.
    if (node?.anchor !== undefined) this.#anchors.set(node.anchor, node);
    return value;
  }

  #aliased(source: string, offset: number, path: FieldPath, keyOffset: number | undefined): unknown {
    const target = this.#anchors.get(source);
    if (target && path.length <= MAX_DEPTH) return this.valueOf(target, path, keyOffset);
    this.refuse(
      offset,
      path,
      target ? 'is nested too deeply' : `*${source} stands for nothing: no &${source} comes before it`,
      target ? undefined : (this.#otherAnchor(source) ?? starHint(`*${source}`)),
    );
    return null;
  }

  #otherAnchor(source: string): string | undefined {
    const meant = nearest(source, [...this.#anchors.keys()]);
    return meant === undefined ? undefined : `did you mean *${meant}?`;
  }

  #plain(node: Node | null, path: FieldPath): unknown {
    if (isScalar(node)) return typeof node.value === 'bigint' ? Number(node.value) : node.value;
    if (isSeq(node)) {
      return node.items.map((item, i) => this.valueOf(item as Node | null, [...path, i]));
    }
    if (!isMap(node)) return null;
    const object: Record<string, unknown> = {};
    const first = new Map<string, number>();
    for (const { key, value } of node.items) {
      if (!isScalar(key) || typeof key.value !== 'string') continue;
      const offset = key.range?.[0] ?? 0;
      if (!this.#isFit(key as Scalar<string>, first, path)) continue;
      first.set(key.value, offset);
      const inner = [...path, key.value];
      this.keys.set(fieldOf(inner), this.#place(offset));
      object[key.value] = this.valueOf(value as Node | null, inner, offset);
    }
    return object;
  }

  #isFit({ value: key, range }: Scalar<string>, first: ReadonlyMap<string, number>, path: FieldPath): boolean {
    const offset = range?.[0] ?? 0;
    const earlier = first.get(key);
    const field = [...path, key];
    if (earlier !== undefined) {
      this.refuse(offset, field, `stands twice; the first is in line ${this.#place(earlier).line}`);
    } else if (key in Object.prototype) {
      this.refuse(offset, field, 'is a name that is not allowed here');
    } else if (UNSEEN.test(key)) {
      this.refuse(offset, field, 'is a name with characters that cannot be seen');
    } else if (OTHER_BLANK.test(key)) {
      const code = OTHER_BLANK.exec(key)?.[0].codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
      this.refuse(offset, field, `is a name with a blank in it that is none: U+${code}`, 'type the blanks anew');
    } else if (key === '<<') {
      this.refuse(
        offset,
        field,
        'merge keys are not read',
        'write the settings out, or repeat a whole value: &NAME, then *NAME',
      );
    } else return true;
    return false;
  }

  #place(offset: number): Place {
    return this.#lines.at(offset);
  }
}

/** What the parser adds about places is told apart, and a value of many lines is no part of a sentence. */
function withoutDetail(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/ at line .*$/, '').slice(0, 200);
}
