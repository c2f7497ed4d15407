import { spawn } from 'node:child_process';
import { EXIT, OperatorError } from '../core/errors.js';
import { drillEnvironment } from './drill-remains.js';

const TIMEOUT_MS = 10_000;

/** Runs a program of the system, as part of the drill of that directory. Rejects with `GRACE_DRILL_NOT_STAGED` if it fails. */
export function runTool(argv: readonly [string, ...string[]], directory: string): Promise<void> {
  const [program, ...args] = argv;
  const options = { env: drillEnvironment(directory), cwd: directory, timeout: TIMEOUT_MS, shell: false } as const;
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said = (said + chunk).slice(0, 1000);
  });
  return new Promise((resolve, reject) => {
    const failed = (why: string) =>
      reject(
        new OperatorError('GRACE_DRILL_NOT_STAGED', EXIT.badAnswer, `the drill needs ${program}, which failed: ${why}`),
      );
    child.once('error', (error) => failed(error.message));
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else failed(said.trim().split('\n')[0] || `it ended with ${signal ?? `exit ${code}`}`);
    });
  });
}
