import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs a tool of the host; throws with what it said when it fails. */
export function tool(...argv: readonly [string, ...string[]]): string {
  const { status, stdout, stderr, error } = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8' });
  if (status === 0) return stdout.trim();
  throw new Error(`${argv.join(' ')}: ${error?.message ?? stderr.trim()}`);
}

/** `undefined` when `probe` works here; else the reason, printed, why a test that needs `what` is skipped. */
function whyNot(what: string, probe: () => void): string | undefined {
  try {
    probe();
    return undefined;
  } catch (error) {
    const reason = `${what}: ${(error as Error).message}`;
    console.log(`SKIPPED for want of ${reason}`);
    return reason;
  }
}

export function withoutStrace(): string | undefined {
  return whyNot('strace', () => tool('strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=write', 'true'));
}

export function withoutTmpfs(): string | undefined {
  return whyNot('mounting a tmpfs', () => {
    const at = mkdtempSync(join(tmpdir(), 'grace-probe-'));
    try {
      tool('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', at);
      tool('umount', at);
    } finally {
      rmSync(at, { recursive: true, force: true });
    }
  });
}

export function withoutLoopDevice(): string | undefined {
  return whyNot('a loop device', () => {
    tool('python3', '-c', 'import fcntl');
    const dir = mkdtempSync(join(tmpdir(), 'grace-probe-'));
    const image = join(dir, 'image');
    try {
      tool('truncate', '-s', '8M', image);
      tool('mkfs.ext4', '-q', '-F', image);
      const at = join(dir, 'at');
      tool('mkdir', at);
      tool('mount', '-o', 'loop', image, at);
      tool('umount', at);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
}

export function withoutFaketime(): string | undefined {
  return whyNot('faketime', () => tool('faketime', '-f', '-1d', 'true'));
}

export function withoutLogrotate(): string | undefined {
  return whyNot('logrotate', () => tool('logrotate', '--version'));
}
