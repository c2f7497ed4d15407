import { expect, test } from 'vitest';
import { program } from '../support/child.js';

const isRoot = process.geteuid?.() === 0;

test.skipIf(!isRoot)(
  `an account that is not root may not mount${isRoot ? '' : ': this is none that could become another'}`,
  async () => {
    const run = await program(`
    import { cannotMount } from 'grace:trigger/small-filesystem';
    process.setgid(65534);
    process.setuid(65534);
    console.log(String(cannotMount()));`);
    expect(await run().nextLine()).toBe('it needs a small file system of its own, and only root may mount one');
  },
);
