import { isFull } from '../../core/journal/reserve.js';
import type { Notice } from '../engine/draft.js';
import type { Channel } from './channel.js';
import { Lane, type LaneTools } from './lane.js';
import type { Unrecorded } from './unrecorded.js';

/** How long {@link Notifier.idle} begins to tell what is not told yet. */
const IDLE_S = 60;

/**
 * Tells people, and writes down who took it and who did not: only what was taken counts as told. What is to be told is
 * read from the logs, so whoever comes next goes on where another has ended; what is being told is claimed there first, so
 * that of several processes one tells.
 */
export class Notifier {
  readonly #tools: LaneTools;
  #lanes: { readonly channel: Channel; readonly lane: Lane }[];
  /** Lanes of an earlier configuration; they tell what they were asked to. */
  #former: Lane[] = [];
  /** That something could not be recorded was for want of room. */
  #wasFull = false;

  constructor(channels: readonly Channel[], tools: LaneTools) {
    this.#tools = tools;
    this.#lanes = this.#lanesOf(channels);
  }

  use(channels: readonly Channel[]): void {
    this.#former.push(...this.#lanes.map(({ lane }) => lane));
    this.#lanes = this.#lanesOf(channels);
  }

  /** Tells what this process has just written down. Returns at once. */
  notify(notice: Notice): void {
    if (!this.#isFull()) this.#recordsAgain();
    for (const { channel, lane } of this.#lanes) if (channel.events.includes(notice.event)) lane.tell(notice);
  }

  /** Tells what could not be recorded, to those who hear of what needs a person: once, until something can be recorded again. */
  cannotRecord(one: Unrecorded): void {
    this.#wasFull ||= this.#isFull();
    for (const { channel, lane } of this.#lanes) if (channel.events.includes('escalated')) lane.tellUnrecorded(one);
  }

  /** Tells what the logs say nobody has taken yet, as far as it is due. Returns at once; costs little when nothing is. */
  catchUp(): void {
    if (this.#wasFull && !this.#isFull()) this.#recordsAgain();
    for (const { lane } of this.#lanes) lane.tellOwed();
  }

  /** Resolves once everything that is due has been told, or could not be. What comes too late for that, another tells. */
  async idle(within_s = IDLE_S): Promise<void> {
    const until_s = this.#tools.clock.elapsed() + within_s;
    await Promise.all([...this.#former, ...this.#lanes.map(({ lane }) => lane)].map((lane) => lane.idle(until_s)));
    this.#former = [];
  }

  #isFull(): boolean {
    return isFull(this.#tools.ledger.dir);
  }

  #recordsAgain(): void {
    this.#wasFull = false;
    for (const { lane } of this.#lanes) lane.recordsAgain();
  }

  #lanesOf(channels: readonly Channel[]) {
    return channels.map((channel) => ({ channel, lane: new Lane(channel, this.#tools) }));
  }
}
