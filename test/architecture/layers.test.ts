import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../support/cli.js';
import { tempDir } from '../support/temp-dir.js';

const CONFIG = '.dependency-cruiser.cjs';
const require = createRequire(import.meta.url);
const rules = (require(join(ROOT, CONFIG)) as { forbidden: { name: string }[] }).forbidden.map((rule) => rule.name);

/** A copy of the sources in which something may be planted. */
function copyOfHouse(): string {
  const dir = tempDir();
  for (const name of ['src', CONFIG, 'tsconfig.json', 'package.json'])
    cpSync(join(ROOT, name), join(dir, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  return dir;
}

/** Each plant is an import that breaks just this rule; `into` is a file that is there. */
const PLANTS: Record<string, readonly [into: string, imports: string]> = {
  'no-circular': ['src/healing/snapshots.ts', './settle.js'],
  'no-orphan-import': ['src/healing/confirm.ts', './nowhere.js'],
  'core-uses-nothing-above': ['src/core/ledger.ts', '../healing/check.js'],
  'rooms-never-use-the-face': ['src/healing/check.ts', '../cli/output/escape.js'],
  'healing-never-uses-a-neighbour': ['src/healing/check.ts', '../trigger/report.js'],
  'learning-never-uses-a-neighbour': ['src/learning/plant.ts', '../healing/confirm.js'],
  'evidence-never-uses-a-neighbour': ['src/evidence/claim.ts', '../healing/confirm.js'],
  'trigger-never-uses-a-neighbour': ['src/trigger/drill.ts', '../healing/confirm.js'],
  'core-step-1-never-climbs': ['src/core/records/time.ts', '../host/nap.js'],
  'core-step-2-never-climbs': ['src/core/host/nap.ts', '../journal/log-files.js'],
  'core-step-3-never-climbs': ['src/core/journal/log-files.ts', '../seal/sidecar.js'],
  'core-step-4-never-climbs': ['src/core/seal/sidecar.ts', '../registry/plan.js'],
  'core-step-5-never-climbs': ['src/core/registry/plan.ts', '../recovery/losses.js'],
  'core-step-6-never-climbs': ['src/core/recovery/losses.ts', '../ledger.js'],
  'core-step-7-never-climbs': ['src/core/ledger.ts', './index.js'],
  'records-are-pure': ['src/core/records/time.ts', 'node:fs'],
  'output-is-for-the-face': ['src/healing/check.ts', 'chalk'],
};

interface Cruise {
  readonly summary: {
    readonly violations: { rule: { name: string }; from: string; cycle?: { name: string }[] }[];
    readonly error: number;
    readonly totalCruised: number;
  };
}

function cruise(dir: string): Cruise['summary'] {
  const program = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const run = spawnSync(process.execPath, [program, '--config', CONFIG, '--output-type', 'json', 'src'], {
    cwd: dir,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (run.stdout === '') throw new Error(run.stderr);
  return (JSON.parse(run.stdout) as Cruise).summary;
}

describe('the staircase', () => {
  test('the house as it stands breaks no rule, and all of it was looked at', () => {
    const { error, violations, totalCruised } = cruise(ROOT);
    expect(violations).toEqual([]);
    expect(error).toBe(0);
    expect(totalCruised).toBeGreaterThan(50);
  });

  test('every rule has its plant', () => {
    expect(Object.keys(PLANTS).sort()).toEqual([...rules].sort());
  });

  // A ring is told of whichever of its files comes first, so it gets a house of its own.
  test.each([
    ['a ring', (rule: string) => rule === 'no-circular'],
    ['each of the others', (rule: string) => rule !== 'no-circular'],
  ])('%s is found by its own rule, where it was planted', (_name, chosen) => {
    const plants = Object.entries(PLANTS).filter(([rule]) => chosen(rule));
    const dir = copyOfHouse();
    mkdirSync(join(dir, 'src/learning'), { recursive: true });
    for (const [i, [, [into, imports]]] of plants.entries()) {
      appendFileSync(join(dir, into), `\nexport * as planted${i} from '${imports}';\n`);
    }
    const { violations, totalCruised } = cruise(dir);
    expect(totalCruised).toBeGreaterThan(50);
    for (const [rule, [into]] of plants) {
      const found = violations
        .filter((violation) => violation.rule.name === rule)
        .flatMap(({ from, cycle = [] }) => [from, ...cycle.map(({ name }) => name)]);
      expect(found, rule).toContain(into);
    }
  });
});

function sources(under: string): string[] {
  return readdirSync(join(ROOT, under), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => relative(ROOT, join(ROOT, under, name)));
}

/** Without comments and strings, roughly: enough to look for a call. */
const codeOf = (path: string) =>
  readFileSync(join(ROOT, path), 'utf8')
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
    // What another process is given to run.
    .replace(/`[^`]*`/g, '``');

describe('what only the edge may touch', () => {
  const inside = sources('src').filter((path) => !/^src\/(cli|core\/host)\//.test(path));

  test.each([
    ['the present time', /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bhrtime\b/],
    ['randomness', /\bMath\.random\b|\brandomBytes\(|\brandomUUID\(/],
    ['the console', /\bconsole\./],
  ])('%s', (_name, forbidden) => {
    expect(inside.length).toBeGreaterThan(40);
    expect(inside.filter((path) => forbidden.test(codeOf(path)))).toEqual([]);
  });

  test('the process: the programs that drills start apart', () => {
    const using = inside.filter((path) => /(?<!\.)\bprocess\.(?!js)[a-z]/.test(codeOf(path)));
    const entryPoints = ['src/trigger/drill-keeper.ts', 'src/trigger/drill-service.ts', 'src/trigger/port-thief.ts'];
    expect(using.filter((path) => !path.startsWith('src/trigger/service/'))).toEqual(entryPoints);
  });

  test('no shell', () => {
    const shelly = sources('src').filter((path) =>
      /shell: true|\bexec(Sync)?\(\s*[`'"]|\bexecSync\(/.test(codeOf(path)),
    );
    // better-sqlite3's `db.exec('BEGIN')` is SQL, not a shell.
    for (const path of shelly) expect(readFileSync(join(ROOT, path), 'utf8')).not.toContain('node:child_process');
  });
});
