import type { Looked, Monitor } from '../engine/monitor.js';

export interface WatchTools {
  /** 0 to 1. */
  readonly jitter: () => number;
  /** Monotonic seconds. */
  readonly elapsed: () => number;
  /** What a look came to; it is called for each. */
  readonly looked: (check: string, looked: Looked) => void;
  /** A look that ended with an error of grace itself: the check goes on. */
  readonly failed: (check: string, error: unknown) => void;
}

/**
 * Looks at many checks, each at its own pace, until it is told to stop. They begin at random moments, so that they don't
 * fire together, and no check is looked at twice at once: a remedy under way holds up its own check only.
 */
export class Watch {
  readonly #tools: WatchTools;
  /** The look that is under way, by check. */
  readonly #looking = new Map<string, Promise<void>>();
  #round: Round = { timers: new Set(), ended: false };

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
    const round: Round = { timers: new Set(), ended: false };
    this.#round = round;
    const { elapsed, jitter } = this.#tools;
    for (const monitor of monitors) this.#plan(monitor, elapsed() + jitter() * monitor.watched.every_s, round);
  }

  /** Begins no further look, and resolves when those under way have ended. */
  async stop(): Promise<void> {
    this.#end();
    while (this.#looking.size > 0) await Promise.all(this.#looking.values());
  }

  #end(): void {
    this.#round.ended = true;
    for (const timer of this.#round.timers) clearTimeout(timer);
    this.#round.timers.clear();
  }

  #plan(monitor: Monitor, at_s: number, round: Round): void {
    if (round.ended) return;
    const wait_ms = Math.max(0, at_s - this.#tools.elapsed()) * 1000;
    const timer = setTimeout(() => {
      round.timers.delete(timer);
      this.#begin(monitor, at_s, round);
    }, wait_ms);
    round.timers.add(timer);
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
      // In step with the beginning, not with how long a look takes; what was missed meanwhile is not made up for.
      const missed = Math.max(1, Math.ceil((this.#tools.elapsed() - at_s) / every_s));
      this.#plan(monitor, at_s + missed * every_s, round);
    });
    this.#looking.set(check.name, look);
  }

  async #look(monitor: Monitor): Promise<void> {
    const { name } = monitor.watched.check;
    try {
      this.#tools.looked(name, await monitor.look());
    } catch (error) {
      this.#tools.failed(name, error);
    }
  }
}

/** The checks that are watched until others take their place. */
interface Round {
  readonly timers: Set<NodeJS.Timeout>;
  ended: boolean;
}
