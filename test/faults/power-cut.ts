import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sidecarPath } from '../../src/core/seal/sidecar.js';
import { inspect, look, recoverTwice } from '../support/fault-evidence.js';
import { acksOf, start } from '../support/fault-run.js';
import { withScratch } from '../support/fault-scratch.js';
import { tool } from '../support/fault-tools.js';
import type { Programs } from './bundle.js';
import { unclearFailure, type Violation, violationsIn } from './checks.js';
import { wrongSeal } from './seal-checks.js';

/**
 * EXT4_IOC_SHUTDOWN without flushing the journal: what was not synced is gone, as after a cut. Just before, some of the
 * files that nobody syncs go to the disk, as the kernel's own writing back would have it at any moment.
 */
const CUT = `
import fcntl, glob, os, random, struct, sys
fd = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECTORY)
print('READY', flush=True)
sys.stdin.readline()
for path in glob.glob(sys.argv[2]):
    if random.random() < 0.5:
        try:
            os.fdatasync(os.open(path, os.O_RDONLY))
        except OSError:
            pass
fcntl.ioctl(fd, 0x8004587D, struct.pack('I', 2))
`;
const APPENDERS = 2;
const LATEST_CUT_MS = 150;

export interface CutOff {
  readonly cuts: number;
  readonly acknowledged: number;
  readonly violations: readonly Violation[];
}

/** Cuts the power of an ext4 filesystem under running appenders, mounts it again and looks at what is there. */
export async function cutPower(programs: Programs, cuts: number): Promise<CutOff> {
  return withScratch(async (scratch) => {
    const image = join(scratch, 'image');
    const at = join(scratch, 'at');
    const dir = join(at, 'logs');
    mkdirSync(at);
    tool('truncate', '-s', '48M', image);
    tool('mkfs.ext4', '-q', '-F', image);
    const mount = () => tool('mount', '-o', 'loop', image, at);
    const acks: string[] = [];
    const violations: Violation[] = [];
    mount();
    try {
      for (let cut = 1; cut <= cuts; cut++) {
        const running = Array.from({ length: APPENDERS }, (_, i) =>
          start(programs.append, [dir, `c${cut}w${i}`, '100000', '0', String(1 + (cut % 3))]),
        );
        await Promise.all(running.map(({ heard }) => heard((line) => line.startsWith('ACK '))));
        const knife = spawn('python3', ['-c', CUT, at, sidecarPath(dir, '[lp]*')], {
          stdio: ['pipe', 'pipe', 'inherit'],
        });
        const cutOff = once(knife, 'exit');
        await once(knife.stdout, 'data');
        await sleep(Math.random() * LATEST_CUT_MS);
        // Only what was heard before counts: the ioctl, unlike a real cut, lets programs run on for a moment, in which the
        // kernel can answer a sync with success although it has just dropped the pages.
        acks.push(...running.flatMap(({ said }) => acksOf(said)));
        knife.stdin.end('now\n');
        const [code] = await cutOff;
        if (code !== 0) throw new Error(`the power could not be cut: python3 ended with ${code}`);
        const ended = await Promise.all(running.map((program) => program.ended));
        violations.push(...ended.flatMap(unclearFailure));
        tool('umount', at);
        mount();
        violations.push(...wrongSeal(look(dir), acks));
        violations.push(...(await recoverTwice(dir)), ...violationsIn(inspect(dir, acks)));
        // What is lost once stays lost; to count it again after each cut says nothing.
        if (violations.length > 0) return { cuts: cut, acknowledged: acks.length, violations };
      }
    } finally {
      tool('umount', at);
    }
    return { cuts, acknowledged: acks.length, violations };
  });
}
