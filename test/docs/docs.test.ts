import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/core/errors.js';
import { ACTION } from '../../src/core/records/audit-actions.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** Files under a folder of the project whose names end so, as paths from its root. */
function files(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found = '']) => found);
}

const unique = (texts: readonly string[]) => [...new Set(texts)].sort();

const source = files('src', '.ts').map(read).join('\n');

const documents = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...(existsSync(join(ROOT, 'docs')) ? files('docs', '.md') : []),
];

/** As the usual renderers make it of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}

/** What stands in a code block is no heading and no link. */
function prose(document: string): string {
  return read(document)
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/^ {4}.*$/gm, '');
}

describe('links between documents', () => {
  it.each(documents)('%s leads only to what is there', (document) => {
    const dead = matches(prose(document), /\]\(([^)\s]+)\)/g)
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? document : join(dirname(document), path);
        if (!existsSync(join(ROOT, target))) return true;
        return (
          anchor !== undefined &&
          !matches(prose(target), /^#+ (.*)$/gm)
            .map(anchorOf)
            .includes(anchor)
        );
      });
    expect(dead).toEqual([]);
  });
});

/** Variables by which processes that grace has started are found again. */
const GIVEN_ON = ['GRACE_ACT', 'GRACE_DRILL'];

describe('docs/exit-codes.md', () => {
  const rows = new Map(
    [...read('docs/exit-codes.md').matchAll(/^\| `(GRACE_[A-Z_]+)` \| ([\d, ]+) \|/gm)].map(
      ([, code = '', exits = '']) => [code, exits.split(',').map(Number)],
    ),
  );

  it('lists every code that the program has, and no other', () => {
    const codes = unique(matches(source, /['"`](GRACE_[A-Z_]+)['"`]/g)).filter((name) => !GIVEN_ON.includes(name));
    expect([...rows.keys()].sort()).toEqual(codes);
  });

  it('gives each code its exit code', () => {
    const thrown = [...source.matchAll(/new OperatorError\(\s*'(GRACE_[A-Z_]+)',\s*EXIT\.(\w+)/g)];
    expect(thrown.length).toBeGreaterThan(0);
    const wrong = thrown.filter(
      ([, code = '', name = '']) => !rows.get(code)?.includes(EXIT[name as keyof typeof EXIT]),
    );
    expect(wrong.map(([text]) => text)).toEqual([]);
  });

  it('names every variable of the environment that the program reads', () => {
    const named = unique(matches(read('docs/exit-codes.md'), /`\$(GRACE_[A-Z_]+)`/g));
    expect(named).toEqual(unique(matches(source, /env\.(GRACE_[A-Z_]+)/g)));
  });
});

describe('docs/json.md', () => {
  const schemas = (text: string) => unique(matches(text, /\b(grace\.[a-z_.]+\/\d+)/g));
  const shown = unique(
    [...files('src/cli', '.ts'), ...files('src/evidence', '.ts')].flatMap((path) =>
      matches(read(path), /schema: '(grace\.[a-z_.]+\/\d+)'/g),
    ),
  );

  it('describes every schema that a command shows', () => {
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.filter((schema) => !schemas(read('docs/json.md')).includes(schema))).toEqual([]);
  });

  it('names no schema that there is not', () => {
    expect(schemas(read('docs/json.md')).filter((schema) => !schemas(source).includes(schema))).toEqual([]);
  });
});

describe('docs/formats.md', () => {
  it('describes every action that grace writes into the audit log', () => {
    const described = matches(read('docs/formats.md'), /^\| `(\w+)` \|/gm);
    expect(Object.values(ACTION).filter((action) => !described.includes(action))).toEqual([]);
  });
});

/** Files of the project, added or not; `undefined` where it is no working tree of git. */
function projectFiles(): string[] | undefined {
  try {
    const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
    return execFileSync('git', list, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .split('\0')
      .filter((path) => path !== '' && existsSync(join(ROOT, path)));
  } catch {
    return undefined;
  }
}

describe('the files of the project', () => {
  // Spelled so that this file does not hold what it looks for.
  const foreign: readonly RegExp[] = [
    new RegExp(`(?<![\\w.-])/${'work'}/`),
    /\bregistry\.(?:[a-z0-9-]+\.)*(?:com|org|net|io|dev)\b/,
    /\bnpmjs\.(?:com|org)\b/,
  ];

  it('name neither a place on one machine nor the host of a package registry', ({ skip }) => {
    const paths = projectFiles();
    if (paths === undefined) return skip('not a working tree of git');
    const found = paths.filter((path) => {
      const bytes = readFileSync(join(ROOT, path));
      return !bytes.includes(0) && foreign.some((pattern) => pattern.test(bytes.toString('utf8')));
    });
    expect(found).toEqual([]);
  });
});
