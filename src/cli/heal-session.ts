import type { LoadedConfig } from '../core/config/load-config.js';
import { hasNoRoom } from '../core/journal/no-room.js';
import { fillReserve } from '../core/journal/reserve.js';
import type { RailId } from '../core/records/rails.js';
import { distrustNow } from '../healing/distrust.js';
import { HealEngine, type Owed } from '../healing/engine/engine.js';
import { Monitor } from '../healing/engine/monitor.js';
import type { HealEvent } from '../healing/events.js';
import { channelsOf } from '../healing/notify/channel.js';
import { Notifier } from '../healing/notify/notifier.js';
import { ProbeStore } from '../healing/probe-store.js';
import { type Settled, settle } from '../healing/settle.js';
import { dropOldOutput, keepOutput } from '../healing/steps/output-store.js';
import type { Watched } from '../healing/watched.js';
import type { Context } from './context.js';
import { type HealingPlan, healingPlan } from './healing.js';
import { lossTeller } from './notes.js';
import type { WritingOptions } from './where.js';
import { openForWriting, type Writing } from './writing.js';

export interface SessionOptions {
  readonly where: WritingOptions;
  readonly stop: AbortSignal;
  readonly emit: (event: HealEvent) => void;
  /** Trouble of grace's own that stops nothing. */
  readonly trouble: (error: unknown) => void;
  readonly passOver?: readonly RailId[];
  readonly account?: string;
  readonly trigger?: string;
}

/** So long after the last look a process that is to end begins to tell something; a service manager waits 30 s for all. */
const STOPPING_S = 2;

/** Everything that a process which heals has open: the logs, what probes have seen, who is to be told. */
export class HealSession {
  readonly writing: Writing;
  readonly store: ProbeStore;
  readonly notifier: Notifier;
  readonly #ctx: Context;
  readonly #options: SessionOptions;
  readonly #owed: Owed = new Map();
  readonly #tellLosses: () => void;

  private constructor(ctx: Context, writing: Writing, loaded: LoadedConfig, options: SessionOptions) {
    this.#ctx = ctx;
    this.#options = options;
    this.writing = writing;
    this.#tellLosses = lossTeller(ctx, writing);
    this.store = new ProbeStore(writing.dir, { write: true });
    const { ledger, host } = writing;
    const { clock } = ctx;
    this.notifier = new Notifier(channelsOf(loaded.config, clock, distrustNow), {
      ...{ ledger, clock, host },
      trouble: options.trouble,
    });
  }

  static async open(ctx: Context, loaded: LoadedConfig, options: SessionOptions): Promise<HealSession> {
    return new HealSession(ctx, await openForWriting(ctx, options.where), loaded, options);
  }

  /** The checks of a configuration, ready to be looked at. */
  async monitors(loaded: LoadedConfig): Promise<{ monitors: Monitor[]; plan: HealingPlan }> {
    const { store, writing, notifier } = this;
    const { emit, stop, passOver, account, trigger } = this.#options;
    const { clock, newSuffix } = this.#ctx;
    const plan = await healingPlan(this.#ctx, loaded, {
      store,
      ...(passOver === undefined ? {} : { passOver }),
      ...(account === undefined ? {} : { account }),
      ...(trigger === undefined ? {} : { trigger }),
    });
    const engine = new HealEngine(
      {
        ...{ ledger: writing.ledger, clock, host: writing.host, newSuffix, emit, stop, owed: this.#owed },
        keep: (incident_id, step, output) => this.#keep(incident_id, step, output),
        notify: (notice) => notifier.notify(notice),
      },
      plan.setting,
    );
    const monitors = [...plan.watched.values()].map(
      (watched: Watched) => new Monitor(watched, { engine, store, emit }),
    );
    return { monitors, plan };
  }

  /** What has to be done before anything is decided, and every now and then: what others left is closed. */
  async tidy(loaded: LoadedConfig): Promise<Settled> {
    const { dir } = this.writing;
    const settled = await this.settle(loaded);
    this.#tellLosses();
    fillReserve(dir);
    const keep_ms = loaded.config.policy.keep_output * 1000;
    dropOldOutput(dir, keep_ms, this.#ctx.clock.now());
    return settled;
  }

  /** Closes what processes left that ended in the middle. On a full disk that is part of freeing it, where something may. */
  async settle({ config }: LoadedConfig): Promise<Settled> {
    const { ledger } = this.writing;
    const { clock } = this.#ctx;
    try {
      return await settle(ledger, clock);
    } catch (error) {
      const frees = Object.values(config.playbooks).some(({ steps }) => steps.some((step) => step.free_space));
      if (!hasNoRoom(error) || !frees) throw error;
      return settle(ledger, clock, { reserve: true });
    }
  }

  /** People are told of a failure that could not be recorded, too: nobody will find it in the logs. */
  cannotRecord({ check }: Watched, error: unknown): void {
    const last = this.store.state(check.name).last;
    if (!hasNoRoom(error) || last?.status !== 'critical') return;
    const { name, target, failure_mode, severity } = check;
    const what = this.#owed.has(name) ? `a remedy of ${name} was run, and how it went` : `${name} fails, and that`;
    const reason = `${what} cannot be recorded: ${(error as Error).message}`;
    this.notifier.cannotRecord({ check: name, target, failure_mode, severity, error: last.summary, reason });
  }

  /** Tells first what is due; when asked to stop, only what can be told soon. */
  async close(isStopping = this.#options.stop.aborted): Promise<void> {
    await this.notifier.idle(isStopping ? STOPPING_S : undefined);
    this.store.close();
    this.writing.ledger.close();
  }

  #keep(incident_id: string, step: string, output: Buffer) {
    const kept = keepOutput(
      this.writing.dir,
      `${incident_id}-${step.replaceAll(':', '-')}-${this.#ctx.newSuffix()}`,
      output,
    );
    if ('reason' in kept) {
      this.#options.trouble(new Error(`the output of ${step} was not kept: ${kept.reason}`));
      return undefined;
    }
    return { step, ...kept };
  }
}
