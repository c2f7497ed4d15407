import type { AuditGap } from '../core/registry/queries/health.js';
import { gapWords } from '../healing/engine/gap-words.js';
import type { LearningMode } from '../learning/tick/facts.js';
import type { Standing } from './learn-standing.js';
import { many, say, settingText, share } from './learn-words.js';
import { escapeText } from './output/escape.js';
import type { Out } from './output/streams.js';
import type { Style } from './output/style.js';
import { formatSeconds, formatUtc } from './output/time.js';

export interface LearnStatus {
  /** `null`: there is no grace.yaml that says. */
  readonly mode: LearningMode | null;
  /** When a tick first found it so, of those that had something to do and wrote so; `null`: none has yet. */
  readonly mode_since: string | null;
  /** The first entry of the learner. */
  readonly learning_since: string | null;
  readonly holdout: number | null;
  readonly outcomes: number;
  readonly checks: readonly Standing[];
  readonly proposals: { readonly open: number };
  readonly waiting: {
    /** Over: the next tick learns from them. */
    readonly ready: number;
    /** Since when the oldest of them could have been learned from. */
    readonly overdue_s: number | null;
    /** Recovered, and may still relapse; when the first relapse window closes. */
    readonly settling: number;
    readonly settles_at: string | null;
    readonly settles_in_s: number | null;
    /** Not recovered yet. */
    readonly open: number;
  };
  readonly last_tick: { readonly at: string; readonly ago_s: number; readonly entry_id: string } | null;
  /** Of the newest outcomes: how long after they could be they were learned from. */
  readonly lateness: { readonly n: number; readonly median_s: number; readonly most_s: number } | null;
  readonly missing: readonly AuditGap[];
  /** What to type next. */
  readonly next: string | null;
}

const MODES = {
  off: 'Learning is off: nothing is learned, and every check is healed in the order of its author.',
  propose: 'Learning proposes, and applies nothing by itself',
  apply: 'Learning applies by itself what it may, and proposes the rest',
} as const;

export function showLearnStatus(out: Out, status: LearnStatus, style: Style): void {
  const { mode, outcomes, checks, missing } = status;
  say(out, modeLine(status));
  const gap = gapWords(missing);
  if (gap !== undefined) say(out, `No tick learns anything: ${gap}`);
  say(out, `${many(outcomes, 'outcome')} learned from${since(status.learning_since)}.`);
  const told = checks.filter(isTold);
  for (const one of told) {
    out.write('\n');
    showCheck(out, one, style);
  }
  const rest = checks.length - told.length;
  if (told.length > 0) out.write('\n');
  if (rest > 0 && mode !== null) {
    say(out, `Nothing learned yet of ${many(rest, told.length > 0 ? 'other check' : 'check')}.`);
  }
  for (const line of [...waitingLines(status), ...tickLines(status)]) say(out, line);
  if (status.next !== null) say(out, `Next: ${status.next}`);
}

function modeLine({ mode, mode_since }: LearnStatus): string {
  if (mode === null) return 'There is no grace.yaml that can be read: how learning is to go on is not known.';
  return mode === 'off' ? MODES.off : `${MODES[mode]} (mode ${mode}${since(mode_since)}).`;
}

function since(at: string | null): string {
  return at === null ? '' : ` since ${formatUtc(at)}`;
}

function isTold({ outcomes, version, waits, held, tried }: Standing): boolean {
  return outcomes > 0 || version !== null || waits.length > 0 || held || tried !== null;
}

function showCheck(out: Out, one: Standing, style: Style): void {
  const { check, learn, authors, in_force, tried, holdout, version, outcomes, waits, held } = one;
  const isAuthors = in_force.length === authors.length && in_force.every((id, i) => id === authors[i]);
  const learned = version === null ? '' : `, v${version}`;
  out.write(
    `${style.bold(escapeText(check))}: ${many(outcomes, 'outcome')}${learned}${learn ? '' : '; its author has it not learned'}\n`,
  );
  const line = (label: string, text: string) => say(out, `${label.padEnd(13)} ${text}`, '  ');
  line("the author's", settingText(authors));
  line('in force', isAuthors ? "the author's" : settingText(in_force));
  if (tried !== null) line('being tried', `${settingText(tried.order)} (${share(tried.probability)} of incidents)`);
  if (holdout > 0) line('held out', `${share(holdout)} of incidents run in the author's order, to compare`);
  for (const { playbook, authors_s, learned_s } of waits) {
    line('wait', `${playbook}: ${formatSeconds(learned_s)} for health (the author's: ${formatSeconds(authors_s)})`);
  }
  if (held)
    line('on hold', 'an order or a wait was rolled back here: every change needs a person until one approves an order');
}

function waitingLines({ waiting, proposals }: LearnStatus): string[] {
  const { ready, overdue_s, settling, settles_at, settles_in_s, open } = waiting;
  const lines: string[] = [];
  if (ready > 0) {
    const late = overdue_s === null ? '' : `, the longest for ${formatSeconds(overdue_s)}`;
    lines.push(`Over and not learned from yet: ${many(ready, 'episode')}${late}.`);
  }
  if (settling > 0) {
    const first = `the first until ${formatUtc(settles_at)} (in ${formatSeconds(settles_in_s)})`;
    lines.push(`May still relapse: ${many(settling, 'episode')}, ${first}.`);
  }
  if (open > 0) lines.push(`Not over yet: ${many(open, 'episode')}.`);
  if (proposals.open > 0) lines.push(`Waiting for a person: ${many(proposals.open, 'proposal')}.`);
  return lines;
}

function tickLines({ last_tick, lateness, mode }: LearnStatus): string[] {
  if (last_tick === null) return mode === 'off' ? [] : ['No tick has had anything to do yet.'];
  const late =
    lateness === null
      ? ''
      : ` Of the last ${many(lateness.n, 'outcome')} half were learned within ${formatSeconds(lateness.median_s)} of when they could be, all within ${formatSeconds(lateness.most_s)}.`;
  return [`The last tick that had something to do was ${formatSeconds(last_tick.ago_s)} ago.${late}`];
}
