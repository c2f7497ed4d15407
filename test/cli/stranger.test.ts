import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grace, linesOf, ROOT } from '../support/cli.js';
import { flipBit, placeOf, report } from '../support/proof-logs.js';
import { auditLines, sha, sidecar } from '../support/sealed.js';
import { tempDir } from '../support/temp-dir.js';

/** What docs/verify.md tells a stranger to type, by the heading it stands under. */
const RECIPE = new Map<string, string>();
let heading = '';
for (const [, title, commands] of readFileSync(join(ROOT, 'docs/verify.md'), 'utf8').matchAll(
  /^#+ (.*)$|^```sh\n([\s\S]*?)^```$/gm,
)) {
  if (title !== undefined) heading = title;
  else RECIPE.set(heading, (RECIPE.get(heading) ?? '') + commands);
}
const UNPACK = '1. Nothing was lost on the way';
const SIGNATURE = '2. The signature';
const LINES = '3. Every line';
const INCIDENT = 'One incident';

const missing = whyNot();
if (missing !== undefined)
  console.log(`SKIPPED for want of ${missing}: apt-get install openssl golang-go golang-golang-x-mod-dev`);

function whyNot(): string | undefined {
  const says = (command: string, ...words: string[]) => spawnSync(command, words, { encoding: 'utf8' }).stdout ?? '';
  if (!/^OpenSSL [3-9]/.test(says('openssl', 'version'))) return 'openssl 3';
  if (!says('go', 'version').startsWith('go version')) return 'go';
  if (!existsSync('/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog')) return 'golang.org/x/mod';
  return undefined;
}

interface Typed {
  readonly status: number | null;
  readonly said: string;
}

/** A stranger's desk: the files that the page names, and a shell in which its commands are typed. */
class Desk {
  readonly dir: string;

  constructor(dir = tempDir()) {
    this.dir = dir;
  }

  /** Another desk with the same files on it. */
  copy(): Desk {
    const desk = new Desk();
    cpSync(this.dir, desk.dir, { recursive: true });
    return desk;
  }

  path(...names: string[]): string {
    return join(this.dir, ...names);
  }

  type(commands: string | undefined): Typed {
    if (commands === undefined) throw new Error('the page has no such commands');
    const { status, stdout, stderr } = spawnSync('sh', ['-eu', '-c', commands], {
      cwd: this.dir,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: this.dir, GOCACHE: join(at, 'go-cache') },
    });
    return { status, said: `${stdout}${stderr}` };
  }

  recipe(...headings: string[]): Typed {
    return this.type(headings.map((one) => RECIPE.get(one) ?? '').join('\n'));
  }

  /** As the archive was before it came; the manifest is made to fit, or left as it was. */
  tamper(name: string, change: (path: string) => void, how: 'and the manifest' | 'alone' = 'and the manifest'): this {
    expect(this.type('rm -rf grace-evidence; tar -xf evidence.tar').status).toBe(0);
    const path = this.path('grace-evidence', name);
    const before = readFileSync(path);
    change(path);
    const after = readFileSync(path);
    expect(after.equals(before)).toBe(false);
    const manifest = this.path('grace-evidence/MANIFEST');
    const fitting = readFileSync(manifest, 'utf8').replace(sha(before), sha(after));
    if (how === 'and the manifest') writeFileSync(manifest, fitting);
    expect(this.type('tar -cf evidence.tar grace-evidence; rm -r grace-evidence').status).toBe(0);
    return this;
  }
}

const at = mkdtempSync(join(tmpdir(), 'grace-test-'));
afterAll(() => rmSync(at, { recursive: true, force: true }));

/** What an operator hands over: an export, and the proof of an incident; and the key, which was noted when it was printed. */
async function handOver(logs: string, incident: string, vkey: string, desk: Desk): Promise<void> {
  rmSync(desk.path('evidence.tar'), { force: true });
  const run = await grace(['evidence', 'export', '--out', desk.path('evidence.tar'), '--logs', logs]);
  expect(run.code, run.stderr).toBe(0);
  const proved = await grace(['evidence', 'prove', incident, '--out', desk.path('proof'), '--logs', logs]);
  expect(proved.code, proved.stderr).toBe(0);
  writeFileSync(desk.path('log.vkey'), vkey);
  cpSync(join(ROOT, 'docs/verify/main.go'), desk.path('main.go'));
}

/** Seals the logs with grace's own drill; answers the public key as it was printed, and the incident. */
async function drill(logs: string): Promise<{ vkey: string; incident: string }> {
  const run = await grace(['trigger', 'incident', '--json', '--logs', logs]);
  expect(run.code, run.stderr).toBe(0);
  const [vkey = ''] = /^\S+\/grace\/[0-9a-f]{32}\+[0-9a-f]{8}\+\S+$/m.exec(run.stderr) ?? [];
  return { vkey, incident: (JSON.parse(run.stdout) as { incident_id: string }).incident_id };
}

describe.skipIf(missing !== undefined)("docs/verify.md, on an export of grace's own drill", () => {
  const logs = join(at, 'logs');
  let whole: Desk;
  let made: { vkey: string; incident: string };
  beforeAll(async () => {
    mkdirSync(join(at, 'desk'));
    whole = new Desk(join(at, 'desk'));
    made = await drill(logs);
    await handOver(logs, made.incident, made.vkey, whole);
    expect(whole.recipe(LINES).said).not.toContain('cannot find package');
  });

  it('has its commands', () => {
    expect([...RECIPE.keys()]).toEqual([UNPACK, SIGNATURE, LINES, INCIDENT]);
  });

  it('accepts what was left alone', () => {
    const { status, said } = whole.copy().recipe(...RECIPE.keys());
    expect(status, said).toBe(0);
    const lines = auditLines(logs);
    expect(said.match(/Signature Verified Successfully/g)).toHaveLength(2);
    expect(said.match(/^ACCEPTED$/gm)).toHaveLength(2);
    expect(said).toContain(
      `audit log: ${lines.length} lines give the signed root; 0 of them absent, 0 after them not sealed\n`,
    );
    expect(said).toMatch(
      /^incidents: (\d+) lines; \1 entries vouch for lines that are as they say; 0 .*; 0 lines nobody/m,
    );
    const leaf = sha(Buffer.concat([Buffer.of(0), lines[0] ?? Buffer.alloc(0)]));
    expect(said.split(leaf), 'both ways to the first leaf').toHaveLength(3);
    expect(said).toContain(`${sha(Buffer.concat([Buffer.of(0), readFileSync(whole.path('proof.entry'))]))}  -\n`);
  });

  it('and so does README.txt of the archive', () => {
    const desk = whole.copy();
    expect(desk.recipe(UNPACK).status).toBe(0);
    const [, how = ''] = readFileSync(desk.path('grace-evidence/README.txt'), 'utf8').split('HOW TO CHECK IT');
    const commands = how.split('\n').filter((line) => /^ {5}/.test(line) && !line.includes('older-checkpoint'));
    expect(commands.length).toBeGreaterThan(8);
    const { status, said } = desk.type(`cd grace-evidence\n${commands.join('\n')}`);
    expect(status, said).toBe(0);
    expect(said).toContain('Signature Verified Successfully\n');
    expect(said.endsWith('ACCEPTED\n')).toBe(true);
  });

  it.each([
    ['an entry', (path: string) => flipBit(path, placeOf(path, '"remedy_claimed"') + 1)],
    ['the first byte', (path: string) => flipBit(path, 0)],
    ['the last one', (path: string) => flipBit(path, -2)],
    ['the end of a line', (path: string) => flipBit(path, -1)],
  ])('rejects one bit in the audit log: %s', (_what, change) => {
    const alone = whole.copy().tamper('immutable_audit.jsonl', change, 'alone');
    expect(alone.recipe(UNPACK)).toMatchObject({
      status: 1,
      said: expect.stringContaining('immutable_audit.jsonl: FAILED'),
    });
    const desk = whole.copy().tamper('immutable_audit.jsonl', change);
    expect(desk.recipe(UNPACK).status).toBe(0);
    expect(desk.recipe(SIGNATURE).status, 'what was signed is as it was').toBe(0);
    const { status, said } = desk.recipe(LINES);
    expect(status).toBe(1);
    expect(said).toMatch(/^REJECTED: the (lines give the root|log has \d+ lines, the note covers)/m);
    expect(said).not.toContain('ACCEPTED');
  });

  it('rejects one bit in each incident line that an entry vouches for', () => {
    const count = linesOf(join(logs, 'incidents.jsonl')).length;
    expect(count).toBeGreaterThan(1);
    for (let line = 0; line < count; line++) {
      const change = (path: string) => flipBit(path, linesOf(path).slice(0, line).join('\n').length + 60);
      const alone = whole.copy().tamper('incidents.jsonl', change, 'alone');
      expect(alone.recipe(UNPACK).said).toContain('incidents.jsonl: FAILED');
      const desk = whole.copy().tamper('incidents.jsonl', change);
      expect(desk.recipe(UNPACK).status).toBe(0);
      const { status, said } = desk.recipe(LINES);
      expect(status).toBe(1);
      expect(said).toMatch(
        /^REJECTED: the incident line at byte \d+ was changed or is gone: line \d+ of the audit log says/m,
      );
    }
  });

  it('rejects lines that are gone, added or swapped, and incident lines that are gone', () => {
    const edits: [string, (lines: string[]) => string[]][] = [
      ['immutable_audit.jsonl', (lines) => lines.slice(0, -1)],
      ['immutable_audit.jsonl', (lines) => lines.slice(1)],
      ['immutable_audit.jsonl', (lines) => lines.toSpliced(3, 0, '{}')],
      ['immutable_audit.jsonl', (lines) => lines.toSpliced(3, 2, lines[4] ?? '', lines[3] ?? '')],
      ['incidents.jsonl', (lines) => lines.slice(0, -1)],
      ['incidents.jsonl', (lines) => lines.slice(1)],
    ];
    for (const [name, edit] of edits) {
      const desk = whole.copy().tamper(name, (path) => writeFileSync(path, `${edit(linesOf(path)).join('\n')}\n`));
      expect(desk.recipe(UNPACK).status).toBe(0);
      expect(desk.recipe(LINES), `${name}: ${edit}`).toMatchObject({
        status: 1,
        said: expect.stringContaining('REJECTED: '),
      });
    }
  });

  it('rejects a note that was touched, by openssl and by the program', () => {
    const note = readFileSync(sidecar(logs, 'checkpoint'), 'utf8');
    const lines = note.split('\n');
    const other = (text: string, at: number) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
    const touched: [string, string][] = [
      ['the name', note.replace(lines[0] ?? '', `x${lines[0]}`)],
      ['the size', note.replace(`\n${lines[1]}\n`, `\n${Number(lines[1]) - 1}\n`)],
      ['the root', note.replace(lines[2] ?? '', other(lines[2] ?? '', 3))],
      ['the signature', other(note, note.length - 20)],
    ];
    for (const [what, text] of touched) {
      const desk = whole.copy().tamper('immutable_audit.tlog/checkpoint', (path) => writeFileSync(path, text));
      expect(desk.recipe(UNPACK).status).toBe(0);
      const failed = { status: 1, said: expect.stringContaining('Signature Verification Failure') };
      expect([what, desk.recipe(SIGNATURE)]).toMatchObject([what, failed]);
      const rejected = { status: 1, said: expect.stringContaining('REJECTED: ') };
      expect([what, desk.recipe(LINES)]).toMatchObject([what, rejected]);
    }
  });

  it("rejects the right log under another's key", async () => {
    const { vkey } = await drill(join(tempDir(), 'logs'));
    const desk = whole.copy();
    expect(desk.recipe(UNPACK).status).toBe(0);
    writeFileSync(desk.path('log.vkey'), `${vkey}\n`);
    expect(desk.recipe(SIGNATURE)).toMatchObject({
      status: 1,
      said: expect.stringContaining('Signature Verification Failure'),
    });
    expect(desk.recipe(LINES)).toMatchObject({
      status: 1,
      said: expect.stringContaining('REJECTED: note has no verifiable signatures'),
    });
    expect(desk.recipe(INCIDENT)).toMatchObject({ status: 1, said: expect.stringContaining('REJECTED: ') });
  });

  it('rejects a proof of another line, and an incident that was touched', async () => {
    const checked = whole.copy();
    expect(checked.recipe(UNPACK, SIGNATURE, LINES, INCIDENT).status).toBe(0);
    const [byProgram = '', ...byHand] = (RECIPE.get(INCIDENT) ?? '').split('\n');
    expect(byProgram).toMatch(/^\.\/verify /);
    const cases: [string, (desk: Desk) => void, boolean][] = [
      ['the line', (desk) => flipBit(desk.path('proof.entry'), 20), false],
      ['a line feed after it', (desk) => appendFileSync(desk.path('proof.entry'), '\n'), false],
      ['the incident', (desk) => flipBit(desk.path('proof.incident'), 100), true],
      [
        'the root that was signed',
        (desk) => flipBit(desk.path('proof'), placeOf(desk.path('proof'), '\n\n') + 70),
        true,
      ],
      ['a hash on the way', (desk) => flipBit(desk.path('proof'), 40), false],
      ['the index', (desk) => flipBit(desk.path('proof'), placeOf(desk.path('proof'), 'index ') + 6), false],
    ];
    for (const [what, change, shownByHand] of cases) {
      const desk = checked.copy();
      change(desk);
      expect([what, desk.type(byProgram)]).toMatchObject([
        what,
        { status: 1, said: expect.stringContaining('REJECTED: ') },
      ]);
      expect([what, desk.type(byHand.join('\n')).status === 0]).toEqual([what, !shownByHand]);
    }
    const desk = checked.copy();
    await grace(['evidence', 'prove', '2', '--out', desk.path('second'), '--logs', logs]);
    cpSync(desk.path('second.entry'), desk.path('proof.entry'));
    expect(desk.type(byProgram)).toMatchObject({
      status: 1,
      said: expect.stringContaining('REJECTED: proof.entry is not line '),
    });
  });

  it('holds the log against a checkpoint that was kept elsewhere', async () => {
    const [own, fork] = [join(tempDir(), 'own'), join(tempDir(), 'fork')];
    cpSync(logs, own, { recursive: true });
    cpSync(logs, fork, { recursive: true });
    await report(own, 'one history');
    await report(fork, 'another');
    const desk = whole.copy();
    const kept = (name: string) => `./verify -vkey log.vkey -dir grace-evidence -note ${name}`;
    cpSync(sidecar(logs, 'checkpoint'), desk.path('older'));
    cpSync(sidecar(fork, 'checkpoint'), desk.path('other'));
    await report(own, 'and on');
    await handOver(own, made.incident, made.vkey, desk);
    expect(desk.recipe(UNPACK, LINES).status).toBe(0);
    expect(desk.type(kept('older'))).toMatchObject({
      status: 0,
      said: expect.stringContaining('2 after them not sealed'),
    });
    expect(desk.type(kept('other'))).toMatchObject({
      status: 1,
      said: expect.stringContaining('REJECTED: the lines give the root'),
    });
  });

  it('takes no line of another program for a decision of grace', async () => {
    const own = join(tempDir(), 'own');
    cpSync(logs, own, { recursive: true });
    const forged = {
      ...JSON.parse(
        linesOf(join(own, 'immutable_audit.jsonl')).find((line) => line.includes('incident_snapshot')) ?? '',
      ),
    };
    forged.metadata = { offset: 0, length: 5, sha256: '0'.repeat(64) };
    appendFileSync(join(own, 'immutable_audit.jsonl'), `${JSON.stringify(forged)}\n`);
    appendFileSync(join(own, 'incidents.jsonl'), '{"nobody":"vouches"}\n');
    const incident = await report(own, 'after it');
    const desk = whole.copy();
    await handOver(own, incident, made.vkey, desk);
    const { status, said } = desk.recipe(UNPACK, SIGNATURE, LINES, INCIDENT);
    expect(status, said).toBe(0);
    expect(said).toMatch(/^incidents: (\d+) lines; \d+ entries vouch .*; 1 lines nobody vouches for$/m);
  });

  it('goes on where older files are gone, if it is told so', async () => {
    const own = join(tempDir(), 'own');
    cpSync(logs, own, { recursive: true });
    const lines = auditLines(own).length;
    renameSync(join(own, 'immutable_audit.jsonl'), join(own, 'immutable_audit.jsonl.1'));
    const incident = await report(own, 'after it');
    const desk = whole.copy();
    await handOver(own, incident, made.vkey, desk);
    expect(desk.recipe(UNPACK, SIGNATURE, LINES, INCIDENT).status).toBe(0);
    rmSync(join(own, 'immutable_audit.jsonl.1'));
    rmSync(desk.path('grace-evidence'), { recursive: true });
    await handOver(own, incident, made.vkey, desk);
    expect(desk.recipe(UNPACK).status).toBe(0);
    expect(desk.recipe(LINES)).toMatchObject({ status: 1, said: expect.stringContaining('the note covers') });
    const [, absent = ''] = / -absent (\d+)\n/.exec(readFileSync(desk.path('grace-evidence/README.txt'), 'utf8')) ?? [];
    expect(absent).toBe(String(lines));
    const { status, said } = desk.type(`./verify -vkey log.vkey -dir grace-evidence -absent ${absent}`);
    expect(said).toContain(`; ${lines} of them absent, 0 after them not sealed\n`);
    expect(status, said).toBe(0);
    const [tile = ''] = readdirSync(sidecar(desk.path('grace-evidence'), 'tile/0/000.p'));
    flipBit(sidecar(desk.path('grace-evidence'), 'tile/0/000.p', tile), 3);
    expect(desk.type(`./verify -vkey log.vkey -dir grace-evidence -absent ${absent}`).status).toBe(1);
  });
});

/** The real logs of the old system; not part of this repository. */
const LEGACY = join(ROOT, '../shared/data/legacy-2025-11-20');
const isLegacyThere = existsSync(join(LEGACY, 'incidents.jsonl'));
if (!isLegacyThere) console.log(`SKIPPED: the logs of the old system are not at ${LEGACY}`);

describe.skipIf(missing !== undefined || !isLegacyThere)(
  'docs/verify.md, on logs of the old system that grace has sealed',
  () => {
    const logs = join(at, 'legacy');
    let whole: Desk;
    beforeAll(async () => {
      cpSync(LEGACY, logs, { recursive: true });
      chmodSync(logs, 0o750);
      for (const name of readdirSync(logs)) chmodSync(join(logs, name), 0o640);
      mkdirSync(join(at, 'legacy-desk'));
      whole = new Desk(join(at, 'legacy-desk'));
      const { vkey, incident } = await drill(logs);
      await handOver(logs, incident, vkey, whole);
    });

    it('accepts them: 1,513 old lines are the leaves 0 to 1512', async () => {
      const { status, said } = whole.recipe(...RECIPE.keys());
      expect(status, said).toBe(0);
      expect(said).toContain(`audit log: ${auditLines(logs).length} lines give the signed root`);
      expect(said).toMatch(/; 7 lines are from before the seal and as it found them; 0 lines nobody vouches for$/m);
      const readme = readFileSync(whole.path('grace-evidence/README.txt'), 'utf8');
      expect(readme).toContain('; 1,513 lines of the audit log and 7 lines of incidents.jsonl\n');
      const old = linesOf(join(LEGACY, 'immutable_audit.jsonl'));
      expect(old).toHaveLength(1513);
      for (const line of [1, 700, 1513]) {
        const out = whole.path(`line-${line}`);
        expect((await grace(['evidence', 'prove', String(line), '--out', out, '--logs', logs])).code).toBe(0);
        expect(readFileSync(out, 'utf8')).toContain(`\nindex ${line - 1}\n`);
        expect(readFileSync(`${out}.entry`, 'utf8')).toBe(old[line - 1]);
        const checked = whole.type(`./verify -vkey log.vkey -proof line-${line} -entry line-${line}.entry`);
        expect(checked).toMatchObject({ status: 0, said: expect.stringContaining(`entry: line ${line} of the log`) });
      }
      expect(auditLines(logs)[1513]?.toString()).toContain('"audit_log_adopted"');
    });

    it.each([
      ['immutable_audit.jsonl', 'the lines give the root'],
      [
        'incidents.jsonl',
        'the first 7 lines of incidents.jsonl are not those that line 1514 found when the log was sealed',
      ],
    ])('rejects one bit in an old line of %s', (name, why) => {
      const desk = whole.copy().tamper(name, (path) => flipBit(path, 300));
      expect(desk.recipe(UNPACK).status).toBe(0);
      expect(desk.recipe(LINES)).toMatchObject({ status: 1, said: expect.stringContaining(`REJECTED: ${why}`) });
    });
  },
);
