import type { Looked, Monitor } from '../engine/monitor.js';
import type { Watched } from '../watched.js';
import { slotsOf } from './beat.js';
import { LifeSign } from './life-sign.js';

/** How often signs of life are looked for, and how many at a time: each costs some microseconds. */
const SIGNS_MS = 25;
const MOST_SIGNS = 40;

export interface WatchTools {
  /** 0 to 1. */
  readonly jitter: () => number;
  /** Monotonic seconds. */
  readonly elapsed: () => number;
  /** What a look came to; it is called for each. */
  readonly looked: (check: string, looked: Looked) => void;
  /** A look that ended with an error of grace itself: the check goes on. */
  readonly failed: (watched: Watched, error: unknown) => void;
}

/**
 * Looks at many checks, each at its own pace, until it is told to stop. They begin at random beats, so that they don't all
 * fire together, and no check is looked at twice at once: a remedy under way holds up its own check only.
 */
export class Watch {
  readonly #tools: WatchTools;
  /** The look that is under way, by check. */
  readonly #looking = new Map<string, Promise<void>>();
  #round: Round = newRound();

  constructor(tools: WatchTools) {
    this.#tools = tools;
  }

  /** Names of the checks that are being looked at or healed at this moment. */
  get busy(): string[] {
    return [...this.#looking.keys()];
  }

  /** Watches these from now on, in place of those before. What is under way is finished under the old ones. */
  use(monitors: readonly Monitor[]): void {
    this.#end();
    const round = newRound();
    this.#round = round;
    const { elapsed, jitter } = this.#tools;
    const begun = elapsed();
    const rate = monitors.reduce((sum, { watched }) => sum + 1 / watched.every_s, 0);
    for (const monitor of monitors) {
      const signs = monitor.watched.pidfiles.map((path) => new LifeSign(path));
      for (const sign of signs) sign.refresh();
      // Who is looked at as often as that anyhow needs no signs.
      if (signs.length > 0 && monitor.watched.every_s * 1000 > 2 * SIGNS_MS) round.signs.set(monitor, signs);
      const { every_s } = monitor.watched;
      const slots = slotsOf(every_s, rate);
      this.#plan(monitor, begun + (Math.floor(jitter() * slots) / slots) * every_s, round);
    }
    if (round.signs.size > 0) round.signTimer = setInterval(() => this.#seeSigns(round), SIGNS_MS);
  }

  /** Begins no further look, and resolves when those under way have ended. */
  async stop(): Promise<void> {
    this.#end();
    while (this.#looking.size > 0) await Promise.all(this.#looking.values());
  }

  #end(): void {
    this.#round.ended = true;
    for (const timer of this.#round.timers.values()) clearTimeout(timer);
    this.#round.timers.clear();
    clearInterval(this.#round.signTimer);
  }

  /** A process that has gone is no failure yet; but whoever waits to look at its check now waits for nothing. */
  #seeSigns(round: Round): void {
    const hinted = [...round.signs];
    for (let n = 0; n < Math.min(hinted.length, MOST_SIGNS); n++) {
      const [monitor, signs] = hinted[round.nextSign++ % hinted.length] ?? [];
      const timer = monitor && round.timers.get(monitor);
      // One that is being looked at has none.
      if (!monitor || !timer || !signs?.some((sign) => sign.hasGone())) continue;
      clearTimeout(timer);
      round.timers.delete(monitor);
      this.#begin(monitor, this.#tools.elapsed(), round);
    }
  }

  #plan(monitor: Monitor, at_s: number, round: Round): void {
    if (round.ended) return;
    const wait_ms = Math.max(0, at_s - this.#tools.elapsed()) * 1000;
    const timer = setTimeout(() => {
      round.timers.delete(monitor);
      this.#begin(monitor, at_s, round);
    }, wait_ms);
    round.timers.set(monitor, timer);
  }

  #begin(monitor: Monitor, at_s: number, round: Round): void {
    const { every_s, check } = monitor.watched;
    const former = this.#looking.get(check.name);
    if (former) {
      // Under the former configuration its remedy may still be at work.
      void former.then(() => this.#plan(monitor, this.#tools.elapsed(), round));
      return;
    }
    const look = this.#look(monitor).finally(() => {
      this.#looking.delete(check.name);
      for (const sign of round.signs.get(monitor) ?? []) sign.refresh();
      // In step with the beginning, not with how long a look takes; what was missed meanwhile is not made up for.
      const missed = Math.max(1, Math.ceil((this.#tools.elapsed() - at_s) / every_s));
      this.#plan(monitor, at_s + missed * every_s, round);
    });
    this.#looking.set(check.name, look);
  }

  async #look(monitor: Monitor): Promise<void> {
    const { watched } = monitor;
    try {
      this.#tools.looked(watched.check.name, await monitor.look());
    } catch (error) {
      this.#tools.failed(watched, error);
    }
  }
}

/** The checks that are watched until others take their place. */
interface Round {
  /** When each is looked at next. */
  readonly timers: Map<Monitor, NodeJS.Timeout>;
  /** Of those whose processes are known. */
  readonly signs: Map<Monitor, readonly LifeSign[]>;
  signTimer: NodeJS.Timeout | undefined;
  /** Where the next glance at the signs begins. */
  nextSign: number;
  ended: boolean;
}

function newRound(): Round {
  return { timers: new Map(), signs: new Map(), signTimer: undefined, nextSign: 0, ended: false };
}
