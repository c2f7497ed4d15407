import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { Kin } from '../../../src/healing/child/kin.js';
import { processRow } from '../../../src/healing/child/process-row.js';
import { endsWithTest, until } from '../steps/processes.js';

/** A shell in a session of its own; `pids` are what it printed. */
async function shell(text: string): Promise<{ pid: number; pids: number[] }> {
  const child = spawn('/bin/sh', ['-c', text], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = child.pid ?? 0;
  endsWithTest(pid);
  const [line] = await once(child.stdout, 'data');
  const pids = String(line).trim().split(/\s+/).map(Number);
  for (const one of pids) endsWithTest(one);
  return { pid, pids };
}

function kinOf(pid: number, spared: readonly number[] = [1, process.pid]): Kin {
  const kin = new Kin(new Set(spared));
  kin.add(processRow(pid));
  return kin;
}

const seen = (kin: Kin) => kin.look().map(({ pid }) => pid);

test('a child in a session of its own stays known when its parent has ended, and its own children with it', async () => {
  const { pid, pids } = await shell(`setsid sh -c 'sleep 60 & sleep 60' & echo $!; exec sleep 61`);
  const kin = kinOf(pid);
  await until(() => seen(kin).length === 4);
  process.kill(pid, 'SIGKILL');
  await until(() => processRow(pid) === undefined);
  expect(processRow(pids[0] ?? 0)?.parent).not.toBe(pid);
  expect(seen(kin)).toHaveLength(3);
  // Who has never seen the parent knows nothing of them.
  expect(seen(kinOf(pid))).toEqual([]);
});

test('an orphan is known by its session', async () => {
  const { pid, pids } = await shell('(sleep 60 & echo $!); exec sleep 61');
  const [orphan = 0] = pids;
  await until(() => processRow(orphan)?.parent !== pid);
  expect(seen(kinOf(pid)).sort()).toEqual([pid, orphan].sort());
});

test('a number that has come round again is nobody of them, nor are its children', async () => {
  const { pid, pids } = await shell('sleep 60 & echo $!; exec sleep 61');
  const kin = new Kin(new Set());
  const row = processRow(pid);
  if (row) kin.add({ ...row, start_time: row.start_time - 1 });
  expect(seen(kin)).toEqual([]);
  expect(seen(kinOf(pid)).sort()).toEqual([pid, ...pids].sort());
});

test('nobody is of them because of one who is spared', async () => {
  const { pid } = await shell('sleep 60 & echo $!; exec sleep 61');
  expect(seen(kinOf(pid, [pid]))).toEqual([]);
});

test('a zombie has ended, and its number still says whose session it is', async () => {
  // The leader ends, and nobody waits for it.
  const script = [
    'import os,time',
    'p=os.fork()',
    'if p==0:',
    '  os.setsid()',
    '  q=os.fork()',
    '  if q==0: time.sleep(60)',
    '  os.write(1, f"{os.getpid()} {q}\\n".encode()); time.sleep(.3); os._exit(0)',
    'time.sleep(60)',
  ].join('\n');
  const parent = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = await once(parent.stdout, 'data');
  const [leader = 0, member = 0] = String(line).trim().split(' ').map(Number);
  endsWithTest(member);
  const kin = kinOf(leader);
  await until(() => processRow(leader)?.ended === true);
  expect(seen(kin)).toEqual([member]);
});
