// Loaded before a program: at its end writes the most memory it had, in KiB. Not getrusage, which a child inherits from
// its parent.
import { readFileSync, writeFileSync } from 'node:fs';

process.on('exit', () => {
  const status = readFileSync('/proc/self/status', 'latin1');
  writeFileSync(
    process.env.GRACE_BENCH_PEAK ?? '/dev/null',
    String(Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) * 1.024),
  );
});
