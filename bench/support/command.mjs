import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './workspace.mjs';

const PEAK = join(ROOT, 'bench', 'support', 'peak-memory.mjs');

/** Runs a command to its end. Throws when its exit code is none of `exits`. Answers elapsed seconds and its stdout. */
export function timed(command, args, { exits = [0], stdout = 'pipe', ...options } = {}) {
  const fd = stdout === 'ignore' ? openSync('/dev/null', 'w') : undefined;
  const begun = process.hrtime.bigint();
  const run = spawnSync(command, args, {
    stdio: ['ignore', fd ?? 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    ...options,
  });
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  if (fd !== undefined) closeSync(fd);
  if (run.error) throw run.error;
  if (!exits.includes(run.status)) {
    throw new Error(`${command} ${args.join(' ')} answered ${run.signal ?? run.status}: ${run.stderr}`);
  }
  return { seconds, stdout: run.stdout };
}

/** Node with a program; answers also the most memory it ever had, in MB. */
export function timedWithPeak(dir, program, args, options) {
  const report = join(dir, 'peak');
  const run = timed(process.execPath, ['--import', PEAK, program, ...args], {
    ...options,
    env: { ...process.env, GRACE_BENCH_PEAK: report },
  });
  return { ...run, peakMb: Number(readFileSync(report, 'utf8')) / 1000 };
}

/** Runs a command to its end beside whatever else is done; answers the JSON that it prints. */
export function jsonOf(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(Buffer.concat(chunks).toString()));
      else reject(new Error(`${args[1]} ended with ${code}`));
    });
  });
}

/** A program that speaks lines of JSON on its stdout and hears lines on its stdin. */
export function conversation(program, args) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const waiting = [];
  const said = [];
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
    const lines = text.split('\n');
    text = lines.pop();
    for (const line of lines) {
      const next = waiting.shift();
      if (next) next(JSON.parse(line));
      else said.push(JSON.parse(line));
    }
  });
  return {
    pid: child.pid,
    say: (line) => child.stdin.write(`${line}\n`),
    hear: () => (said.length > 0 ? Promise.resolve(said.shift()) : new Promise((resolve) => waiting.push(resolve))),
    kill: (signal) => child.kill(signal),
    exited,
  };
}

/** Is there such a program on this machine? */
export function hasTool(name) {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
}
