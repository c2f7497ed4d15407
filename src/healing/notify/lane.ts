import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../core/host/clock.js';
import { bootId, isAlive, ownIdentity } from '../../core/host/process-identity.js';
import { hasNoRoom } from '../../core/journal/no-room.js';
import type { Ledger } from '../../core/ledger.js';
import { ACTION } from '../../core/records/audit-actions.js';
import type { AuditDraft } from '../../core/records/audit-entry.js';
import { clockOf, type Now } from '../../core/records/moment.js';
import { formatInstant } from '../../core/records/time.js';
import type { ControlEntry, ControlView } from '../../core/registry/queries/control.js';
import type { Notice } from '../engine/draft.js';
import type { Channel } from './channel.js';
import { ENOUGH, secondsUntilDue } from './due.js';
import { type News, newsFor, newsOf, newsOfNotice } from './news.js';
import { noticeText } from './notice-text.js';
import { ToldUnrecorded, type Unrecorded } from './unrecorded.js';

export interface LaneTools {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly host: string;
  /** What could not be told, or written down about it. */
  readonly trouble: (error: unknown) => void;
}

/** While somebody else is telling: whether they live is not to be read from the logs. */
const LOOK_AGAIN_S = 5;

/** Tells one channel, one piece of news after the other. */
export class Lane {
  readonly #channel: Channel;
  readonly #tools: LaneTools;
  readonly #asked: Notice[] = [];
  readonly #unrecorded: Unrecorded[] = [];
  readonly #told = new ToldUnrecorded();
  /** How it went, where that could not be written down: until it is, the same is not told again. */
  readonly #unwritten = new Map<string, AuditDraft>();
  #isWanted = false;
  /** Nothing is begun from then on, in monotonic seconds. */
  #until = Infinity;
  /** At that length of the log nothing is due before that moment. */
  #quiet: { readonly lines: number; readonly until_s: number } | undefined;
  #work: Promise<void> | undefined;

  constructor(channel: Channel, tools: LaneTools) {
    this.#channel = channel;
    this.#tools = tools;
  }

  /** What this process has just written down. Returns at once. */
  tell(notice: Notice): void {
    this.#asked.push(notice);
    this.#begin();
  }

  /** Tells what cannot be recorded, once. Returns at once. */
  tellUnrecorded(one: Unrecorded): void {
    if (!this.#told.begin(one.check, this.#tools.clock.elapsed())) return;
    this.#unrecorded.push(one);
    this.#begin();
  }

  /** Something can be recorded again. */
  recordsAgain(): void {
    this.#told.forget();
  }

  /** Tells what the logs say is owed, if anything is due. Returns at once. */
  tellOwed(): void {
    this.#isWanted = true;
    this.#begin();
  }

  /** Resolves once everything has been told, or cannot be now; nothing is begun later than `until_s`. */
  async idle(until_s: number): Promise<void> {
    this.#until = until_s;
    while (this.#work !== undefined) await this.#work;
    this.#until = Infinity;
  }

  #begin(): void {
    this.#work ??= this.#run();
  }

  async #run(): Promise<void> {
    await nextTurn();
    while ((this.#unrecorded.length + this.#asked.length > 0 || this.#isWanted) && !this.#isLate()) {
      const unrecorded = this.#unrecorded.shift();
      if (unrecorded !== undefined) {
        await this.#sendUnrecorded(unrecorded);
        continue;
      }
      await this.#settle();
      const notice = this.#asked.shift();
      if (notice !== undefined) await this.#guarded(() => this.#tellAsked(notice));
      else await this.#guarded(() => this.#tellDue());
    }
    // At once: what comes from now on begins anew.
    this.#work = undefined;
  }

  /** More than one look finds may be due: as long as it takes something, it is asked for more. */
  async #tellDue(): Promise<void> {
    this.#isWanted = false;
    for (const news of this.#due()) {
      if (this.#isLate() || this.#asked.length > 0) {
        this.#isWanted = true;
        return;
      }
      const answer = await this.#tellClaimed(news, (view) =>
        this.#isDue(view, news, newsOf(view, news.event, news.subject, this.#channel, this.#now())),
      );
      if (answer === 'refused') return;
      if (answer === 'taken') this.#isWanted = true;
    }
  }

  #due(): News[] {
    const { registry } = this.#tools.ledger;
    registry.sync({ quick: true });
    return registry.control((view) => {
      const now = this.#now();
      const lines = view.auditLines();
      if (this.#quiet?.lines === lines && now.elapsed_s < this.#quiet.until_s) return [];
      const ofChannel = view.tellingsBy(this.#channel.name, ENOUGH);
      const found = newsFor(view, this.#channel, now).map((news) => ({
        news,
        ...this.#readiness(view, news, ofChannel, now),
      }));
      const next_s = Math.min(...found.map(({ left_s }) => left_s ?? LOOK_AGAIN_S), Infinity);
      this.#quiet = { lines, until_s: now.elapsed_s + next_s };
      // What was tried least comes first: it may be that one piece of news, and not the channel, is the matter.
      return found
        .filter(({ left_s }) => left_s === 0)
        .sort((a, b) => a.tries - b.tries)
        .map(({ news }) => news);
    });
  }

  #readiness(view: ControlView, news: News, ofChannel: readonly ControlEntry[], now: Now) {
    const ofNews = view.tellingsOf({ ...news, by: this.#channel.name }, ENOUGH);
    const left_s = this.#unwritten.has(keyOf(news))
      ? LOOK_AGAIN_S
      : secondsUntilDue({ ofNews, ofChannel }, now, isAlive);
    return { left_s, tries: ofNews.length };
  }

  /** Whether that is news still, and due. */
  #isDue(view: ControlView, news: News, present: News | undefined): boolean {
    if (present?.about.entry_id !== news.about.entry_id) return false;
    return this.#readiness(view, news, view.tellingsBy(this.#channel.name, ENOUGH), this.#now()).left_s === 0;
  }

  async #tellAsked(notice: Notice): Promise<void> {
    const { registry } = this.#tools.ledger;
    registry.sync({ quick: true });
    const news = registry.control((view) => newsOfNotice(view, notice, this.#channel));
    if (news === undefined) return;
    try {
      await this.#tellClaimed(news, (view) => this.#isDue(view, news, newsOfNotice(view, notice, this.#channel)));
    } catch (error) {
      // A disk that is full is a thing that people must be told.
      if (!hasNoRoom(error)) throw error;
      if (!this.#unwritten.has(keyOf(news))) await this.#send(news);
    }
  }

  async #sendUnrecorded({ reason, ...incident }: Unrecorded): Promise<void> {
    const { clock, host, trouble } = this.#tools;
    const text = noticeText({ event: 'escalated', incident, reason }, formatInstant(clock.now()), host);
    const fault = await this.#channel.send(text);
    if (fault === undefined) return;
    this.#told.refused(incident.check, clock.elapsed());
    trouble(new Error(`${this.#channel.name} could not be told that ${reason}: ${fault}`));
  }

  /** `left`: it is told by another process, or needs not be told any more. */
  async #tellClaimed(news: News, isDue: (view: ControlView) => boolean): Promise<'taken' | 'refused' | 'left'> {
    const { value: isOurs } = await this.#tools.ledger.transact((view) => {
      if (!isDue(view)) return { value: false };
      return { entries: [this.#entry(ACTION.notificationBegun, news, { owner: { ...ownIdentity() } })], value: true };
    });
    return isOurs ? this.#send(news) : 'left';
  }

  async #send(news: News): Promise<'taken' | 'refused'> {
    const { clock, host, trouble } = this.#tools;
    const { name } = this.#channel;
    const fault = await this.#channel.send(noticeText(news, formatInstant(clock.now()), host));
    if (fault !== undefined) trouble(new Error(`${name} could not be told of ${news.event}: ${fault}`));
    this.#unwritten.set(
      keyOf(news),
      fault === undefined
        ? this.#entry(ACTION.incidentNotified, news, {})
        : this.#entry(ACTION.notificationFailed, news, {}, { reason: fault }),
    );
    await this.#settle();
    return fault === undefined ? 'taken' : 'refused';
  }

  /** Writes down how it went. */
  async #settle(): Promise<void> {
    if (this.#unwritten.size === 0) return;
    const written = [...this.#unwritten];
    await this.#guarded(async () => {
      await this.#tools.ledger.transact(() => ({ entries: written.map(([, entry]) => entry), value: undefined }));
      for (const [key] of written) this.#unwritten.delete(key);
    });
  }

  #entry(action: string, { event, subject, about, incident }: News, facts: object, outcome: object = {}): AuditDraft {
    return {
      actor: 'healer',
      action,
      resource: subject,
      decision: { event, by: this.#channel.name, ...outcome },
      metadata: {
        incident_id: incident?.incident_id ?? null,
        about: about.entry_id,
        ...facts,
        ...clockOf(this.#now()),
      },
    };
  }

  #isLate(): boolean {
    return this.#tools.clock.elapsed() >= this.#until;
  }

  #now(): Now {
    const { clock } = this.#tools;
    return { boot_id: bootId(), elapsed_s: clock.elapsed(), ms: clock.now() };
  }

  async #guarded(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#tools.trouble(error);
    }
  }
}

function keyOf({ event, about }: News): string {
  return `${event} ${about.entry_id}`;
}
