import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LoadedConfig } from '../core/config/load-config.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { bootId, ownIdentity } from '../core/host/process-identity.js';
import { ProcessLock } from '../core/journal/lock.js';
import { hasNoRoom } from '../core/journal/no-room.js';
import { ACTION } from '../core/records/audit-actions.js';
import type { JsonObject } from '../core/records/json.js';
import { clockOf } from '../core/records/moment.js';
import { counted, named } from '../evidence/words.js';
import { distrustNow } from '../healing/distrust.js';
import type { Looked } from '../healing/engine/monitor.js';
import type { HealEvent } from '../healing/events.js';
import { channelsOf } from '../healing/notify/channel.js';
import { Watch } from '../healing/watch/watch.js';
import type { Context } from './context.js';
import { HealSession } from './heal-session.js';
import { eventWords } from './heal-words.js';
import { loadForHealing } from './healing.js';
import { interruptible } from './interrupts.js';
import { escapeText } from './output/escape.js';
import { formatUtc } from './output/time.js';
import { findLogs } from './reading.js';
import { serviceManager } from './service-manager.js';
import { warner } from './warner.js';
import { WATCH_LOCK_FILE } from './watch-lock.js';
import type { WritingOptions } from './where.js';

export type HealWatchOptions = WritingOptions & { readonly verbose?: boolean; readonly metrics?: string };

const LOCK_WAIT_S = 0.2;
/** How often the logs of others are read, what was seen is written down, and the configuration is looked at. */
const HOUSEKEEPING_S = 5;
const METRICS_S = 15;
const TIDY_S = 60;
/** So long a remedy that is under way may go on once the watch was asked to stop; then it is abandoned. */
const FINISH_S = 20;

/** Watches until it is told to stop. */
export async function runHealWatch(ctx: Context, options: HealWatchOptions): Promise<number> {
  const loaded = await loadForHealing(ctx, options, true);
  const dir = await findLogs(ctx, options);
  return interruptible(
    async (interrupts) => {
      const { stop } = interrupts;
      const trouble = warner(ctx);
      const say = (text: string) =>
        ctx.out.write(`${formatUtc(new Date(ctx.clock.now()).toISOString())} ${escapeText(text)}\n`);
      const emit = (event: HealEvent) => {
        const words = eventWords(event, options.verbose === true);
        if (words !== undefined) say(`${event.check}: ${words}`);
      };
      const abandon = abandonAfter(stop);
      const session = await HealSession.open(ctx, loaded, { where: options, stop: abandon.signal, emit, trouble });
      const lock = new ProcessLock(join(dir, WATCH_LOCK_FILE), {
        ...{ clock: ctx.clock, jitter: ctx.jitter, timeout_s: LOCK_WAIT_S },
      });
      try {
        await lock.hold(() => new Watching(ctx, session, loaded, options, { say, trouble, stop }).run()).catch(running);
        return interrupts.exit() === EXIT.interrupted ? EXIT.interrupted : EXIT.done;
      } finally {
        abandon.forget();
        lock.close();
        await session.close(true);
      }
    },
    ['SIGHUP'],
  );
}

/** Aborted some time after `stop`, or at once when it is asked for a second time. */
function abandonAfter(stop: AbortSignal): { signal: AbortSignal; forget: () => void } {
  const controller = new AbortController();
  const now = () => controller.abort();
  let timer: NodeJS.Timeout | undefined;
  stop.addEventListener('abort', () => {
    timer = setTimeout(now, FINISH_S * 1000);
    setImmediate(() => process.on('SIGTERM', now).on('SIGINT', now));
  });
  return {
    signal: controller.signal,
    forget: () => {
      clearTimeout(timer);
      process.off('SIGTERM', now).off('SIGINT', now);
    },
  };
}

function running(error: unknown): never {
  if (error instanceof OperatorError && error.code === 'GRACE_LOCKED') {
    throw new OperatorError('GRACE_WATCH_RUNNING', EXIT.locked, `a watch is running already: ${error.message}`, {
      hint: error.hint ?? 'grace heal status',
    });
  }
  throw error;
}

interface Mouth {
  readonly say: (text: string) => void;
  readonly trouble: (error: unknown) => void;
  readonly stop: AbortSignal;
}

/** A watch from its first look to its last. */
class Watching {
  readonly #ctx: Context;
  readonly #session: HealSession;
  readonly #options: HealWatchOptions;
  readonly #mouth: Mouth;
  readonly #watch: Watch;
  #loaded: LoadedConfig;
  #file: string;
  #reload = false;
  /** The file that is there now was refused. */
  #isRefused = false;
  /** That it runs stands in the log. */
  #isAnnounced = false;
  /** So that the same trouble of a check is not told at every look. */
  readonly #told = new Map<string, string>();

  constructor(ctx: Context, session: HealSession, loaded: LoadedConfig, options: HealWatchOptions, mouth: Mouth) {
    this.#ctx = ctx;
    this.#session = session;
    this.#loaded = loaded;
    this.#options = options;
    this.#mouth = mouth;
    this.#file = fingerprint(loaded.path);
    this.#watch = new Watch({
      jitter: ctx.jitter,
      elapsed: () => ctx.clock.elapsed(),
      looked: (check, looked) => this.#looked(check, looked),
      failed: (watched, error) => {
        this.#tellOnce(watched.check.name, (error as Error).message);
        session.cannotRecord(watched, error);
      },
    });
  }

  async run(): Promise<void> {
    const { say, stop, trouble } = this.#mouth;
    const manager = serviceManager(this.#ctx.env, this.#ctx.clock, process.pid);
    if (manager.trouble !== undefined) trouble(new Error(manager.trouble));
    const { claims, ended } = await this.#session.tidy(this.#loaded);
    if (claims > 0)
      say(
        `an earlier process had left ${counted(claims, 'remedy', 'remedies')} in the middle; ${counted(ended, 'process', 'processes')} of ${named(claims, 'it', 'them')} ${named(ended, 'was', 'were')} ended`,
      );
    await this.#announce();
    this.#session.notifier.catchUp();
    await this.#use(this.#loaded, true);
    const onHup = () => {
      this.#reload = true;
    };
    process.on('SIGHUP', onHup);
    try {
      await manager.tell('--ready', `--status=${this.#status()}`);
      await this.#keepHouse(manager.watchdog_s, () => manager.tell('WATCHDOG=1'));
    } finally {
      process.off('SIGHUP', onHup);
    }
    const busy = this.#watch.busy;
    await manager.tell('STOPPING=1');
    if (busy.length > 0 && stop.aborted) say(`asked to stop; ends first what is under way: ${busy.join(', ')}`);
    await this.#watch.stop();
    await this.#note(ACTION.watchEnded, { under_way: busy }, {});
    say('the watch has ended');
  }

  /** Until it is asked to stop. */
  async #keepHouse(watchdog_s: number | undefined, aliveSign: () => Promise<void>): Promise<void> {
    const { stop } = this.#mouth;
    const elapsed = () => this.#ctx.clock.elapsed();
    const due = { house: elapsed() + HOUSEKEEPING_S, metrics: elapsed(), tidy: elapsed() + TIDY_S, alive: elapsed() };
    while (!stop.aborted) {
      const now = elapsed();
      if (watchdog_s !== undefined && now >= due.alive) {
        due.alive = now + watchdog_s / 2;
        await this.#guarded(aliveSign);
      }
      if (this.#reload || now >= due.house) {
        due.house = now + HOUSEKEEPING_S;
        await this.#guarded(() => this.#house());
      }
      if (now >= due.tidy) {
        due.tidy = now + TIDY_S;
        await this.#guarded(() => this.#session.tidy(this.#loaded));
      }
      if (this.#options.metrics !== undefined && now >= due.metrics) {
        due.metrics = now + METRICS_S;
        await this.#guarded(() => this.#writeMetrics(this.#options.metrics ?? ''));
      }
      const next = Math.min(due.house, due.tidy, watchdog_s === undefined ? Infinity : due.alive) - elapsed();
      await delay(Math.min(1, Math.max(0, next)) * 1000, undefined, { signal: stop }).catch(() => undefined);
    }
  }

  async #announce(): Promise<void> {
    if (this.#isAnnounced) return;
    this.#isAnnounced = await this.#note(ACTION.watchStarted, { mode: this.#loaded.config.mode }, this.#about());
  }

  async #house(): Promise<void> {
    await this.#announce();
    this.#session.store.flush();
    this.#session.writing.ledger.registry.sync({ quick: true });
    if (await this.#isAbandoned()) await this.#session.settle(this.#loaded);
    this.#session.notifier.catchUp();
    const file = fingerprint(this.#loaded.path);
    if (!this.#reload && file === this.#file) return;
    this.#reload = false;
    this.#file = file;
    await this.#readAgain();
  }

  async #isAbandoned(): Promise<boolean> {
    const { isAlive } = await import('../core/host/process-identity.js');
    return this.#session.writing.ledger.registry.control((view) =>
      view.allOpenClaims().some(({ owner }) => !isAlive(owner)),
    );
  }

  /** A configuration that is wrong changes nothing: the one before holds, and that is said. */
  async #readAgain(): Promise<void> {
    const { say, trouble } = this.#mouth;
    let loaded: LoadedConfig;
    try {
      loaded = await loadForHealing(this.#ctx, { ...this.#options, config: this.#loaded.path }, true);
    } catch (error) {
      trouble(error);
      say('the configuration was not read again: the one before holds');
      this.#isRefused = true;
      await this.#note(ACTION.configRefused, { reason: (error as Error).message }, this.#about());
      return;
    }
    if (loaded.version === this.#loaded.version) {
      say(`read ${loaded.path} again: nothing has changed (${loaded.version})`);
      if (this.#isRefused) await this.#note(ACTION.configLoaded, { mode: loaded.config.mode }, this.#about());
      this.#isRefused = false;
      return;
    }
    this.#isRefused = false;
    this.#loaded = loaded;
    this.#session.notifier.use(channelsOf(loaded.config, this.#ctx.clock, distrustNow));
    await this.#use(loaded, false);
    await this.#note(ACTION.configLoaded, { mode: loaded.config.mode }, this.#about());
    say(`read ${loaded.path} again: ${this.#status()}`);
  }

  async #use(loaded: LoadedConfig, isStart: boolean): Promise<void> {
    this.#session.store.flush();
    const { monitors } = await this.#session.monitors(loaded);
    if (isStart) for (const monitor of monitors) if (monitor.watched.start_period_s > 0) monitor.giveStartPeriod();
    this.#watch.use(monitors);
    if (isStart) this.#mouth.say(`watching: ${this.#status()}`);
  }

  #status(): string {
    const { config, path } = this.#loaded;
    const n = Object.keys(config.checks).length;
    return `${n} ${n === 1 ? 'check' : 'checks'} of ${path}, mode ${config.mode}`;
  }

  #looked(check: string, looked: Looked): void {
    if (looked.kind === 'could_not_tell') this.#tellOnce(check, `cannot be checked: ${looked.probe.summary}`);
    else if (this.#told.delete(check)) this.#mouth.say(`${check}: can be checked again`);
  }

  #tellOnce(check: string, text: string): void {
    if (this.#told.get(check) === text) return;
    this.#told.set(check, text);
    this.#mouth.say(`${check}: ${text}`);
  }

  async #writeMetrics(file: string): Promise<void> {
    const { writeTextfile } = await import('./metrics-textfile.js');
    writeTextfile(this.#ctx, this.#session.writing, file);
  }

  async #guarded(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#mouth.trouble(error);
    }
  }

  #about(): JsonObject {
    const { path, version, config } = this.#loaded;
    return { config: path, config_version: version, checks: Object.keys(config.checks).length };
  }

  /** False when there is no room for it: the watch may be what makes room. */
  async #note(action: string, decision: JsonObject, about: JsonObject): Promise<boolean> {
    try {
      await this.#write(action, decision, about);
      return true;
    } catch (error) {
      if (!hasNoRoom(error)) throw error;
      this.#mouth.trouble(error);
      return false;
    }
  }

  async #write(action: string, decision: JsonObject, about: JsonObject): Promise<void> {
    const { ledger, host } = this.#session.writing;
    const clock = clockOf({ boot_id: bootId(), elapsed_s: this.#ctx.clock.elapsed() });
    await ledger.transact(() => ({
      entries: [
        {
          actor: 'healer',
          action,
          resource: `watch@${host}`,
          decision,
          metadata: { ...about, owner: { ...ownIdentity() }, ...clock },
        },
      ],
      value: undefined,
    }));
  }
}

/** Changes when the file is written, replaced or touched. */
function fingerprint(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeMs}` : 'gone';
}
