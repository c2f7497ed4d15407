import { existsSync } from 'node:fs';
import { answersWell, healthUrl } from './drill-address.js';
import { memoryOf } from './process-memory.js';
import { restartDrill } from './restart-drill.js';
import { runTool } from './run-tool.js';
import { startService } from './service-process.js';

const MIB = 2 ** 20;
const PRLIMIT = '/usr/bin/prlimit';
/** Above what it has mapped when it starts. */
const ALLOWED_MIB = 128;
const WANTED_MIB = 1024;

/** A service wants more memory than the kernel gives it, and ends of that. */
export const outOfMemoryDrill = restartDrill({
  id: 'out-of-memory',
  failure_mode: 'out_of_memory',
  summary: `a service of its own, to which the kernel gives ${ALLOWED_MIB} MiB more and no further, takes memory until it ends of that`,
  impossible: () => (existsSync(PRLIMIT) ? undefined : `there is no ${PRLIMIT}, which limits the memory of a process`),
  remedy: 'Start the service again that ran out of memory',
  async scene(home, { port }) {
    const words = { 'most-mib': WANTED_MIB };
    const service = await startService(home, { name: 'web', kind: 'leak', words, port });
    const limit = memoryOf(service.pid).mapped + ALLOWED_MIB * MIB;
    // No core of it either: that may be put anywhere.
    await runTool([PRLIMIT, `--pid=${service.pid}`, `--as=${limit}`, '--core=0'], home.directory);
    return {
      service,
      where: `runs at ${healthUrl(service)}`,
      check: answersWell(service, home.nonce),
      async causeFault() {
        await service.spoil();
        await service.ended;
        return `process ${service.pid}, the service, has ended: it got no more memory`;
      },
    };
  },
});
