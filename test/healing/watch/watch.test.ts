import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/core/host/clock.js';
import type { Looked } from '../../../src/healing/engine/monitor.js';
import { Monitor } from '../../../src/healing/engine/monitor.js';
import { Watch } from '../../../src/healing/watch/watch.js';
import { healStand, namedCheck } from '../../support/heal-stand.js';
import { plainWatched } from '../engine/situations.js';

/** A check that takes a while; how often it was asked, when, and how many at once. */
function slowCheck(name: string, takes_ms = 0) {
  const check = namedCheck(name, 'ok');
  const at: number[] = [];
  let [now, most] = [0, 0];
  const open: (() => void)[] = [];
  const probe = check.probe.bind(check);
  let held = false;
  check.probe = async () => {
    at.push(systemClock.elapsed());
    most = Math.max(most, ++now);
    if (held) await new Promise<void>((resolve) => open.push(resolve));
    else await delay(takes_ms);
    now--;
    return probe();
  };
  return {
    check,
    at,
    most: () => most,
    hold: () => {
      held = true;
    },
    letGo: () => {
      held = false;
      for (const resolve of open.splice(0)) resolve();
    },
  };
}

function stage(jitter: () => number = () => 0) {
  const stand = healStand();
  const engine = stand.engine();
  const looks: [string, Looked['kind']][] = [];
  const failures: [string, unknown][] = [];
  const watch = new Watch({
    jitter,
    elapsed: () => systemClock.elapsed(),
    looked: (check, looked) => looks.push([check, looked.kind]),
    failed: ({ check }, error) => failures.push([check.name, error]),
  });
  const monitor = (check: ReturnType<typeof slowCheck>['check'], every_s: number) =>
    new Monitor(plainWatched({ check, every_s }), { engine, store: undefined, emit: () => undefined });
  onTestFinished(() => watch.stop());
  return { watch, monitor, looks, failures };
}

async function until(what: () => boolean): Promise<void> {
  const deadline = performance.now() + 4000;
  while (!what()) {
    if (performance.now() > deadline) throw new Error('it did not come to be');
    await delay(2);
  }
}

describe('a watch', () => {
  test('looks at each check at its own pace', async () => {
    const { watch, monitor } = stage();
    const [often, seldom] = [slowCheck('often'), slowCheck('seldom')];
    const begun = systemClock.elapsed();
    watch.use([monitor(often.check, 0.02), monitor(seldom.check, 0.2)]);
    await until(() => seldom.at.length >= 3);
    await watch.stop();
    expect(often.at.length).toBeGreaterThan(seldom.at.length * 2);
    // In step with the beginning; a timer may be a millisecond early.
    for (const [i, at] of seldom.at.entries()) expect(at - begun).toBeGreaterThan(i * 0.2 - 0.002);
  });

  test('begins at random beats, so that they do not all fire together', async () => {
    const draws = [0, 0.5, 0.9];
    const { watch, monitor } = stage(() => draws.shift() ?? 0);
    const checks = ['a', 'b', 'c'].map((name) => slowCheck(name));
    const begun = systemClock.elapsed();
    watch.use(checks.map(({ check }) => monitor(check, 0.4)));
    await until(() => checks.every(({ at }) => at.length > 0));
    const after = checks.map(({ at }) => (at[0] ?? 0) - begun);
    // Of five beats; a timer may be a millisecond early.
    expect(after[1]).toBeGreaterThan(0.158);
    expect(after[2]).toBeGreaterThan(0.318);
    expect(after[0]).toBeLessThan(after[1] ?? 0);
  });

  test('looks at no check twice at once, and does not make up for what it missed', async () => {
    const { watch, monitor } = stage();
    const [slow, quick] = [slowCheck('slow', 70), slowCheck('quick')];
    watch.use([monitor(slow.check, 0.01), monitor(quick.check, 0.01)]);
    await until(() => slow.at.length >= 4);
    expect(slow.most()).toBe(1);
    // The slow one holds up itself only.
    expect(quick.at.length).toBeGreaterThan(slow.at.length);
    const gaps = slow.at.slice(1).map((at, i) => at - (slow.at[i] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(0.065);
  });

  test('is in step with its beginning, not with how long a look takes', async () => {
    const { watch, monitor } = stage();
    const one = slowCheck('web', 120);
    watch.use([monitor(one.check, 0.2)]);
    await until(() => one.at.length >= 6);
    const gaps = one.at.slice(1).map((at, i) => at - (one.at[i] ?? 0));
    // After each look it would be 0.32 s and more.
    expect(Math.min(...gaps)).toBeLessThan(0.3);
  });

  test('a look that ends with an error of grace itself: the check goes on', async () => {
    const { watch, monitor, looks, failures } = stage();
    const one = slowCheck('web');
    const probe = one.check.probe;
    let asked = 0;
    one.check.probe = () => (++asked === 1 ? Promise.reject(new Error('a bug')) : probe());
    watch.use([monitor(one.check, 0.01)]);
    await until(() => looks.length >= 2);
    expect(failures).toEqual([['web', new Error('a bug')]]);
    expect(looks[0]).toEqual(['web', 'healthy']);
  });
});

describe('other checks from now on', () => {
  test('what is under way is finished, and the same check is not looked at meanwhile', async () => {
    const { watch, monitor, looks } = stage();
    const [before, after, other] = [slowCheck('web'), slowCheck('web'), slowCheck('db')];
    before.hold();
    watch.use([monitor(before.check, 0.01)]);
    await until(() => before.at.length === 1);
    expect(watch.busy).toEqual(['web']);
    watch.use([monitor(after.check, 0.01), monitor(other.check, 0.01)]);
    await until(() => other.at.length >= 3);
    expect([before.at.length, after.at.length]).toEqual([1, 0]);
    before.letGo();
    await until(() => after.at.length >= 2);
    expect(before.at.length).toBe(1);
    expect(looks.filter(([check]) => check === 'web').length).toBeGreaterThanOrEqual(2);
  });

  test('replaced again and again while a look is under way: at last only the newest is looked at', async () => {
    const { watch, monitor } = stage();
    const all = Array.from({ length: 4 }, () => slowCheck('web'));
    all[0]?.hold();
    watch.use([monitor(all[0]?.check ?? namedCheck('x'), 0.01)]);
    await until(() => all[0]?.at.length === 1);
    for (const { check } of all.slice(1)) watch.use([monitor(check, 0.01)]);
    all[0]?.letGo();
    await until(() => (all[3]?.at.length ?? 0) >= 3);
    expect(all.map(({ at }) => at.length).slice(0, 3)).toEqual([1, 0, 0]);
    await watch.stop();
    expect(watch.busy).toEqual([]);
  });

  test('those that are left out are not looked at any more', async () => {
    const { watch, monitor } = stage();
    const [gone, stays] = [slowCheck('gone'), slowCheck('stays')];
    watch.use([monitor(gone.check, 0.01), monitor(stays.check, 0.01)]);
    await until(() => gone.at.length > 0 && stays.at.length > 0);
    watch.use([monitor(stays.check, 0.01)]);
    await delay(30);
    const looked = gone.at.length;
    const seen = stays.at.length;
    await until(() => stays.at.length >= seen + 3);
    expect(gone.at.length).toBe(looked);
  });
});

describe('stopping', () => {
  test('waits for what is under way, and begins nothing', async () => {
    const { watch, monitor } = stage();
    const [held, idle] = [slowCheck('held'), slowCheck('idle')];
    held.hold();
    watch.use([monitor(held.check, 0.01), monitor(idle.check, 600)]);
    await until(() => held.at.length === 1 && idle.at.length === 1);
    let stopped = false;
    const stopping = watch.stop().then(() => {
      stopped = true;
    });
    await delay(40);
    expect([stopped, watch.busy]).toEqual([false, ['held']]);
    held.letGo();
    await stopping;
    expect(watch.busy).toEqual([]);
    const asked = [held.at.length, idle.at.length];
    await delay(40);
    expect([held.at.length, idle.at.length]).toEqual(asked);
    expect(asked).toEqual([1, 1]);
  });

  test('waits also for a look under an earlier configuration', async () => {
    const { watch, monitor } = stage();
    const [before, after] = [slowCheck('web'), slowCheck('db')];
    before.hold();
    watch.use([monitor(before.check, 0.01)]);
    await until(() => before.at.length === 1);
    watch.use([monitor(after.check, 0.01)]);
    let stopped = false;
    const stopping = watch.stop().then(() => {
      stopped = true;
    });
    await delay(30);
    expect(stopped).toBe(false);
    before.letGo();
    await stopping;
  });

  test('before anything was watched it has nothing to wait for', async () => {
    await stage().watch.stop();
  });
});
