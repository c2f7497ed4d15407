import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

/** What the figures were measured on. */
export function machineLine() {
  const [cpu] = cpus();
  const gib = (totalmem() / 2 ** 30).toFixed(0);
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${gib} GiB, ${kernel()}, Node ${process.version}`;
}

/** Others' work falsifies ratios too, when it comes and goes. */
export function loadLine() {
  const [one, five] = readFileSync('/proc/loadavg', 'utf8').split(' ');
  return `load ${one} ${five}`;
}

function kernel() {
  return `Linux ${readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim()}`;
}
