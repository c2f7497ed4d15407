import type { ChildResult } from '../child/child.js';
import type { StepResult } from '../playbook.js';

/** How a step ended that was nothing but one program. */
export function childEnding(result: ChildResult, timeout_s: number): StepResult {
  const { end, survivors } = result;
  const printed = outputOf(result);
  const output = printed.length > 0 ? { output: printed } : {};
  const left = survivors.length > 0 ? `; still there: ${survivors.map((pid) => `pid ${pid}`).join(', ')}` : '';
  switch (end.kind) {
    case 'exited':
      return { outcome: end.code === 0 ? 'worked' : 'failed', exit: `exit ${end.code}`, ...output };
    case 'signalled':
      return { outcome: 'failed', exit: `ended by ${end.signal}`, ...output };
    case 'timed_out':
      return { outcome: 'timed_out', exit: `ended after ${timeout_s} s${left}`, ...output };
    case 'stopped':
      return { outcome: 'failed', exit: `interrupted${left}`, ...output };
    case 'not_started':
      return { outcome: 'failed', exit: end.reason };
  }
}

function outputOf({ stdout, stderr, truncated }: ChildResult): Buffer {
  const parts = [stdout];
  if (stdout.length > 0 && stderr.length > 0 && stdout.at(-1) !== 0x0a) parts.push(Buffer.from('\n'));
  parts.push(stderr);
  if (truncated) parts.push(Buffer.from('\n[it printed more, which was not kept]\n'));
  return Buffer.concat(parts);
}
