import { healthServer } from './health-server.js';
import type { Served, ServiceWords } from './served.js';

const MIB = 2 ** 20;
const BITE_MIB = 8;
const BITE_EVERY_MS = 2;

/** Is well, until it is spoiled; then it takes memory and gives none back, up to a limit of its own or of the kernel's. */
export async function serveLeak({ port, word, number }: ServiceWords): Promise<Served> {
  const taken: Buffer[] = [];
  const most_mib = number('most-mib');
  return {
    port: await healthServer({ port, nonce: word('nonce'), health: () => ({ status: 200, says: 'well' }) }),
    spoil() {
      // Written to, so that it is resident. Where the kernel gives no more, this throws and ends the process.
      const bite = () => taken.push(Buffer.alloc(BITE_MIB * MIB, 1));
      const timer = setInterval(() => {
        if (taken.length * BITE_MIB >= most_mib) clearInterval(timer);
        else bite();
      }, BITE_EVERY_MS);
    },
  };
}
