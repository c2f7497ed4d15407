import { expect, test } from 'vitest';
import { systemClock } from '../../../src/core/host/clock.js';
import { waitStep } from '../../../src/healing/steps/wait-step.js';

function order(stop: AbortSignal = new AbortController().signal) {
  return { marker: 'test', facts: {}, stop };
}

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const started = systemClock.elapsed();
  return [await work(), systemClock.elapsed() - started];
}

test('says what it is', () => {
  expect(waitStep({ name: 'settle', wait: 5 }, systemClock)).toMatchObject({
    name: 'settle',
    destroys: 'nothing',
    repeatable: true,
    timeout_s: 6,
  });
});

test('waits', async () => {
  const [result, took_s] = await timed(() => waitStep({ name: 'w', wait: 0.1 }, systemClock).run(order()));
  expect(result).toEqual({ outcome: 'worked', exit: 'waited 0.1 s' });
  expect(took_s).toBeGreaterThan(0.095);
});

test('ends when the operator interrupts, and does not begin afterwards', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 50);
  const step = waitStep({ name: 'w', wait: 60 }, systemClock);
  const [result, took_s] = await timed(() => step.run(order(controller.signal)));
  expect(result).toEqual({ outcome: 'failed', exit: expect.stringMatching(/^interrupted: waited 0\.\d s of 60 s$/) });
  expect(took_s).toBeLessThan(5);
  expect(await step.run(order(controller.signal))).toEqual({ outcome: 'failed', exit: 'interrupted' });
});

test('does not outlast its timeout', async () => {
  const result = await waitStep({ name: 'w', wait: 60, timeout_s: 0.05 }, systemClock).run(order());
  expect(result.outcome).toBe('timed_out');
});
