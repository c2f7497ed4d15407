import type { Out } from '../../../src/cli/output/streams.js';

export interface FakeOut extends Out {
  readonly writes: string[];
  readonly text: string;
}

export function fakeOut(options: Partial<Pick<Out, 'isTTY' | 'columns' | 'colour'>> = {}): FakeOut {
  const writes: string[] = [];
  return {
    isTTY: false,
    columns: 80,
    colour: false,
    ...options,
    writes,
    get text() {
      return writes.join('');
    },
    write(text) {
      writes.push(text);
    },
  };
}
