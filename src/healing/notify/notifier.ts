import type { Clock } from '../../core/host/clock.js';
import { bootId } from '../../core/host/process-identity.js';
import type { Ledger } from '../../core/ledger.js';
import { ACTION } from '../../core/records/audit-actions.js';
import { clockOf } from '../../core/records/moment.js';
import { formatInstant } from '../../core/records/time.js';
import type { Notice } from '../engine/draft.js';
import { takenOn } from '../snapshots.js';
import { madeBearable, wasSaid } from '../status.js';
import type { Channel } from './channel.js';
import { noticeText } from './notice-text.js';

export interface NotifierTools {
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** What could not be written down about a notice; it was sent or not all the same. */
  readonly trouble: (error: unknown) => void;
}

const MOST_LIVE = 1000;

/** Tells people, and writes down who took it and who did not: only what was taken counts as told. */
export class Notifier {
  readonly #tools: NotifierTools;
  #channels: readonly Channel[];
  readonly #sending = new Set<Promise<void>>();

  constructor(channels: readonly Channel[], tools: NotifierTools) {
    this.#channels = channels;
    this.#tools = tools;
  }

  use(channels: readonly Channel[]): void {
    this.#channels = channels;
  }

  /** Returns at once. */
  notify(notice: Notice): void {
    for (const channel of this.#channels) {
      if (!channel.events.includes(notice.event)) continue;
      const sending = this.#send(channel, notice)
        .catch(this.#tools.trouble)
        .finally(() => this.#sending.delete(sending));
      this.#sending.add(sending);
    }
  }

  /** Tells what a process has escalated that ended before it could say so. */
  catchUp(): void {
    const { registry } = this.#tools.ledger;
    const missed = registry.control((view) =>
      [...view.liveIncidents(MOST_LIVE), ...madeBearable(view)].flatMap(({ record }): Notice[] => {
        const id = record.incident_id;
        const escalated = record.origin === 'real' ? view.lastControl(ACTION.incidentEscalated, id) : undefined;
        if (escalated === undefined) return [];
        const isKnown = (view.lastControl(ACTION.incidentAcknowledged, id)?.line ?? 0) > escalated.line;
        const wasTried = [ACTION.incidentNotified, ACTION.notificationFailed].some((action) =>
          wasSaid(view, action, escalated),
        );
        if (isKnown || wasTried) return [];
        return [{ event: 'escalated', incident: takenOn(record), reason: String(escalated.decision.reason ?? '') }];
      }),
    );
    for (const notice of missed) this.notify(notice);
  }

  /** Resolves once everything that was to be sent has been, or could not be. */
  async idle(): Promise<void> {
    while (this.#sending.size > 0) await Promise.all(this.#sending);
  }

  async #send(channel: Channel, notice: Notice): Promise<void> {
    const { ledger, clock } = this.#tools;
    const fault = await channel.send(noticeText(notice, formatInstant(clock.now())));
    if (fault !== undefined)
      this.#tools.trouble(new Error(`${channel.name} could not be told of ${notice.event}: ${fault}`));
    const { incident_id } = notice.incident;
    await ledger.transact(() => ({
      entries: [
        {
          actor: 'healer',
          action: fault === undefined ? ACTION.incidentNotified : ACTION.notificationFailed,
          resource: incident_id,
          decision: { event: notice.event, by: channel.name, ...(fault === undefined ? {} : { reason: fault }) },
          metadata: { incident_id, ...clockOf({ boot_id: bootId(), elapsed_s: clock.elapsed() }) },
        },
      ],
      value: undefined,
    }));
  }
}
