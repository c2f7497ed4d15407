import { execFileSync, spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOut, quietOnClosedPipe, wantsColour } from '../../../src/cli/output/streams.js';

describe('wantsColour', () => {
  it.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '0' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: 'true' }, false, true],
    [{ FORCE_COLOR: '3' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ FORCE_COLOR: 'false' }, true, false],
    [{ FORCE_COLOR: '' }, false, false],
    [{ FORCE_COLOR: '' }, true, true],
    [{ TERM: 'dumb' }, true, false],
    [{ TERM: 'dumb', FORCE_COLOR: '1' }, true, true],
    [{ TERM: 'xterm-256color' }, true, true],
    [{ TERM: 'xterm-256color' }, false, false],
  ])('%j, terminal %s: %s', (env, isTTY, wanted) => {
    expect(wantsColour(env, isTTY)).toBe(wanted);
  });
});

describe('createOut', () => {
  const stream = (over: { isTTY?: boolean; columns?: number }) =>
    Object.assign(new PassThrough(), over) as unknown as NodeJS.WriteStream;

  it.each([
    [{ isTTY: true, columns: 132 }, {}, 132],
    [{ isTTY: true, columns: 132 }, { COLUMNS: '60' }, 132],
    [{ isTTY: true, columns: 0 }, { COLUMNS: '60' }, 60],
    [{}, { COLUMNS: '60' }, 60],
    [{}, {}, 80],
    [{}, { COLUMNS: '' }, 80],
    [{}, { COLUMNS: '0' }, 80],
    [{}, { COLUMNS: '-5' }, 80],
    [{}, { COLUMNS: '1e3' }, 80],
    [{}, { COLUMNS: 'wide' }, 80],
    [{}, { COLUMNS: '999999' }, 80],
  ])('columns of %j with %j: %i', (over, env, columns) => {
    expect(createOut(stream(over), env).columns).toBe(columns);
  });

  it('follows a terminal that is resized', () => {
    const tty = stream({ isTTY: true, columns: 132 });
    const out = createOut(tty, {});
    tty.columns = 60;
    expect(out.columns).toBe(60);
  });

  it('decides colour for each stream', () => {
    expect(createOut(stream({ isTTY: true }), {}).colour).toBe(true);
    expect(createOut(stream({}), {}).colour).toBe(false);
  });
});

describe('quietOnClosedPipe', () => {
  /** Like process.stdout, it fails anew, and later, for each write after the first failure. */
  function failing(code: string) {
    const stream = Object.assign(new EventEmitter(), {
      writes: 0,
      write() {
        stream.writes++;
        process.nextTick(() => stream.emit('error', Object.assign(new Error(code), { code })));
      },
    });
    return { stream, asStream: stream as unknown as NodeJS.WriteStream };
  }
  const settled = () => new Promise((done) => setImmediate(done));

  it('tells once that the reader has gone, and nothing is written any more', async () => {
    const { stream, asStream } = failing('EPIPE');
    let told = 0;
    quietOnClosedPipe(asStream, { closed: () => told++ });
    const out = createOut(asStream, {});
    out.write('a');
    out.write('b');
    await settled();
    expect({ told, writes: stream.writes }).toEqual({ told: 1, writes: 2 });
    out.write('c');
    await settled();
    expect({ told, writes: stream.writes }).toEqual({ told: 1, writes: 2 });
  });

  it('hands over every other failure to write', async () => {
    const { stream, asStream } = failing('ENOSPC');
    const errors: Error[] = [];
    quietOnClosedPipe(asStream, { failed: (error) => errors.push(error) });
    stream.write();
    await settled();
    expect(errors.map((error) => error.message)).toEqual(['ENOSPC']);
  });
});

describe('a real process', () => {
  let dir: string;
  let program: string;

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'grace-output-'));
    const source = join(dir, 'child.ts');
    program = join(dir, 'child.mjs');
    const streams = resolve(import.meta.dirname, '../../../src/cli/output/streams.ts');
    writeFileSync(
      source,
      `import { createOut, quietOnClosedPipe } from ${JSON.stringify(streams)};
       quietOnClosedPipe(process.stdout);
       quietOnClosedPipe(process.stderr);
       const out = createOut(process.stdout, process.env);
       const err = createOut(process.stderr, process.env);
       const [, , lines, code, to] = process.argv;
       for (let i = 1; i <= Number(lines); i++) {
         (to === 'stderr' ? err : out).write('line ' + i + ' ' + 'x'.repeat(100) + '\\n');
         if (i % 500 === 0) await new Promise((done) => setTimeout(done, 1));
       }
       process.exitCode = Number(code);`,
    );
    buildSync({
      entryPoints: [source],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    });
  });

  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it.each([0, 3])('piped to head ends without a word, with its own exit code %i', (code) => {
    const script = `"$0" "$1" 5000 ${code} | head -1; echo "exit \${PIPESTATUS[0]}"`;
    const run = spawnSync('bash', ['-c', script, process.execPath, program], { encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(run.stdout).toBe(`line 1 ${'x'.repeat(100)}\nexit ${code}\n`);
  });

  it('may lose its stderr as well', () => {
    const script = `{ "$0" "$1" 5000 3 stderr 2>&1 >&3 | head -1; echo "exit \${PIPESTATUS[0]}"; } 3>&1`;
    const run = spawnSync('bash', ['-c', script, process.execPath, program], { encoding: 'utf8' });
    expect(run.stdout).toBe(`line 1 ${'x'.repeat(100)}\nexit 3\n`);
  });

  it('has written everything to a slow reader before it ends', () => {
    const script = `"$0" "$1" 5000 0 | { sleep 0.3; wc -l; }`;
    const counted = execFileSync('bash', ['-c', script, process.execPath, program], { encoding: 'utf8' });
    expect(counted.trim()).toBe('5000');
  });

  it('does not call output lost on a full disk a success', () => {
    const run = spawnSync('bash', ['-c', '"$0" "$1" 10 0 >/dev/full', process.execPath, program], { encoding: 'utf8' });
    expect(run.status).not.toBe(0);
    expect(run.stderr).toContain('ENOSPC');
  });
});
