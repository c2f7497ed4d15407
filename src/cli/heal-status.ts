import { hostname } from 'node:os';
import { EXIT } from '../core/errors.js';
import { livenessOf } from '../core/host/process-identity.js';
import { isFull } from '../core/journal/reserve.js';
import { inMillis } from '../core/records/time.js';
import { gapWords } from '../healing/engine/gap-words.js';
import { type Looks, looksOf, type Overdue, overdueOf, STALE_S, waitsOf } from '../healing/looks.js';
import { ProbeStore } from '../healing/probe-store.js';
import { type HealStatus, healStatus, type Trouble } from '../healing/status.js';
import type { Context } from './context.js';
import { loadForHealing, presentOf } from './healing.js';
import { nextCommand } from './next-command.js';
import { noteTrouble } from './notes.js';
import { escapeText } from './output/escape.js';
import type { Style } from './output/style.js';
import { formatSeconds, formatUtc } from './output/time.js';
import { openForLooking } from './reading.js';
import type { WhereOptions } from './where.js';

export type StatusOptions = WhereOptions & { readonly json?: boolean };

const MOST_OVERDUE = 5;

/** 0: nothing is wrong; 3: something is, or needs a person. */
export async function runHealStatus(ctx: Context, options: StatusOptions): Promise<number> {
  const reading = await openForLooking(ctx, options);
  const now = presentOf(ctx);
  const host = hostname();
  const { known, waits } = reading.registry.control((view) => ({
    known: healStatus(view, now, livenessOf, host),
    waits: waitsOf(view, now, host),
  }));
  const status = {
    ...known,
    ...(await looks(ctx, reading.dir, options, known.watch.running ? waits : undefined)),
    disk_full: isFull(reading.dir),
  };
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    writeJson(ctx.out, { schema: 'grace.status/1', ...inOneSpelling(status) });
  } else {
    show(ctx, status, options, await ctx.style());
  }
  noteTrouble(ctx, reading);
  reading.registry.close();
  return isWell(status) ? EXIT.done : EXIT.badAnswer;
}

type Status = HealStatus &
  Looks & {
    /** Of a watch that runs. */
    readonly overdue: readonly Overdue[];
    /** There is no room for a record of what fails now. */
    readonly disk_full: boolean;
  };

/** Some of its times are as records have them, some as the registry keeps them. */
function inOneSpelling({ wrong, brake, watch, last_look, unchecked, ...rest }: Status): Status {
  return {
    wrong: wrong.map((one) => ({
      ...one,
      since: inMillis(one.since),
      withheld: one.withheld && { ...one.withheld, at: inMillis(one.withheld.at) },
    })),
    ...rest,
    brake: brake && { ...brake, since: inMillis(brake.since) },
    watch: { ...watch, since: inMillis(watch.since) },
    last_look: last_look && { ...last_look, at: inMillis(last_look.at) },
    unchecked: unchecked.map((one) => ({ ...one, at: inMillis(one.at) })),
  };
}

function isWell(status: Status): boolean {
  const { wrong, brake, doing, unchecked, watch, missing } = status;
  if (
    missing.length > 0 ||
    wrong.length > 0 ||
    brake !== null ||
    unchecked.length > 0 ||
    watch.died ||
    watch.refused !== null
  )
    return false;
  if (status.disk_full || status.overdue.length > 0) return false;
  return !isStale(status) && doing.every(({ alive }) => alive);
}

function isStale({ last_look }: Looks): boolean {
  return last_look !== null && last_look.ago_s > STALE_S;
}

/** From what probes have left behind; a grace.yaml that cannot be read hides nothing. */
async function looks(
  ctx: Context,
  dir: string,
  options: StatusOptions,
  waits: ((check: string) => number) | undefined,
): Promise<Looks & Pick<Status, 'overdue'>> {
  const store = new ProbeStore(dir, { write: false });
  const states = store.states();
  store.close();
  if (states.size === 0 && waits === undefined) return { last_look: null, unchecked: [], overdue: [] };
  const loaded = await loadForHealing(ctx, options, false).catch(() => undefined);
  const paces = new Map(Object.entries(loaded?.config.checks ?? {}).map(([check, { every }]) => [check, every]));
  const now = presentOf(ctx);
  return {
    ...looksOf(states, now, (check) => loaded === undefined || paces.has(check)),
    overdue: waits === undefined ? [] : overdueOf(states, paces, now, waits),
  };
}

function show(ctx: Context, status: Status, options: StatusOptions, style: Style): void {
  const line = (text: string) => ctx.out.write(`${text}\n`);
  const heading = (text: string) => line(style.bold(text));
  const { wrong, doing, brake, silences, watch } = status;
  const people = wrong.filter(({ needs_person }) => needs_person !== null && needs_person.acknowledged_by === null);
  const waiting = wrong.filter(({ approval, withheld }) => approval?.given === false && withheld !== null);

  if (status.disk_full) {
    line(`${style.red('The disk of the logs is full')}: what fails now cannot be recorded, and is not known here.`);
  }
  line(
    wrong.length === 0
      ? isWell(status)
        ? status.last_look === null
          ? 'No incident is open. No check has been looked at here.'
          : style.green('Nothing is wrong.')
        : style.yellow(`No incident is open${status.disk_full ? ' that could be recorded.' : ', but:'}`)
      : style.red(`${wrong.length + status.more} ${wrong.length === 1 ? 'thing is' : 'things are'} wrong.`),
  );
  for (const trouble of wrong) for (const text of troubleLines(trouble)) line(escapeText(text));

  if (status.more > 0) {
    const list = nextCommand(['registry', 'list', '--subsystem', 'self_healing'], options);
    line(`  and ${status.more} more, less severe or older: ${list}`);
  }
  for (const { check, summary } of status.unchecked) {
    line(`  ${style.yellow('unknown')} ${escapeText(`${check}: ${summary}`)}`);
  }
  for (const { check, every_s, ago_s } of status.overdue.slice(0, MOST_OVERDUE)) {
    const recorded = ago_s === null ? 'none is recorded' : `the last one recorded was ${formatSeconds(ago_s)} ago`;
    line(
      `  ${style.yellow('looks are overdue')} ${escapeText(check)}: one every ${formatSeconds(every_s)}, ${recorded}`,
    );
  }
  if (status.overdue.length > MOST_OVERDUE) line(`  and those of ${status.overdue.length - MOST_OVERDUE} more`);
  if (isStale(status)) {
    const ago = formatSeconds(status.last_look?.ago_s ?? 0);
    line(`  ${style.yellow(`nobody has looked at any check for ${ago}`)}: what has failed since is not known`);
  }
  if (watch.died) line(`  ${style.yellow('a watch was started here and is gone')}: it did not end by itself`);
  if (watch.refused !== null) {
    line(`  ${style.yellow('the watch runs with an older configuration')}: ${escapeText(watch.refused)}`);
  }
  if (doing.length > 0) {
    heading('Under way');
    for (const one of doing) {
      const state = one.alive
        ? `for ${formatSeconds(one.for_s)}, process ${one.pid}`
        : `its process ${one.pid} is gone`;
      line(`  ${escapeText(`${one.playbook} on ${one.target} (${one.incident_id})`)}: ${state}`);
      if (one.owner !== 'unknown') continue;
      line('    which cannot be judged from here: it is of another pid namespace, as in a container. If that is gone:');
      line(`    ${nextCommand(['heal', 'close', one.incident_id], options)} --reason 'its container is gone'`);
    }
  }
  if (brake !== null) {
    heading(style.red('The brake is on: nothing acts'));
    const why = brake.reason === '' ? '' : `: ${brake.reason}`;
    line(`  ${escapeText(`since ${formatUtc(brake.since)}, by ${brake.by}${why}`)}`);
    line(`  ${nextCommand(['heal', 'brake', 'off'], options)}`);
  }
  const gap = gapWords(status.missing);
  if (gap !== undefined) {
    heading(style.red('The audit log has a gap: nothing acts'));
    line(`  ${gap}`);
  }
  if (people.length + waiting.length > 0) {
    heading('Needs a person');
    for (const { incident_id, needs_person } of people) {
      const told = needs_person?.told ? 'somebody was told' : 'NOBODY WAS TOLD';
      line(`  ${escapeText(`${incident_id}: ${needs_person?.reason}`)}; ${told}`);
      line(`    ${nextCommand(['heal', 'ack', incident_id], options)}`);
    }
    for (const { incident_id, approval } of waiting) {
      line(`  ${escapeText(`${incident_id}: ${approval?.playbook} waits for an approval`)}`);
      line(`    ${nextCommand(['heal', 'approve', incident_id, approval?.playbook ?? ''], options)}`);
    }
  }
  for (const { silence, checks, left_s } of silences) {
    line(escapeText(`Silenced for ${formatSeconds(left_s)} more: ${checks.join(', ')} (${silence})`));
  }
  line(
    watch.running
      ? `The watch runs, process ${watch.pid}, since ${formatUtc(watch.since ?? '')}.`
      : 'No watch runs here.',
  );
  if (status.last_look !== null && !isStale(status))
    // A watch writes down what it has seen every few seconds.
    line(`The last look was ${watch.running ? 'at most ' : ''}${formatSeconds(status.last_look.ago_s)} ago.`);
}

function troubleLines(trouble: Trouble): string[] {
  const { check, target, incident_id, severity, failure_mode, status, age_s, relapses, tried, arm } = trouble;
  const { withheld, needs_person } = trouble;
  const again = relapses > 0 ? `, ${relapses + 1} times` : '';
  return [
    `  ${severity} ${check ?? failure_mode}: ${failure_mode}${target === null ? '' : ` of ${target}`}, ${status}, for ${formatSeconds(age_s)}${again}`,
    `    ${incident_id}`,
    ...(tried.length > 0
      ? [`    tried: ${tried.map(({ playbook, outcome }) => `${playbook} (${outcome})`).join(', ')}`]
      : []),
    ...(arm === null ? [] : [`    ${armWords(arm)}`]),
    ...(needs_person?.acknowledged_by
      ? [`    needs a person: ${needs_person.reason}; seen by ${needs_person.acknowledged_by}`]
      : []),
    ...(withheld === null
      ? []
      : [
          `    would have run ${withheld.playbook}, and did not, as of ${formatUtc(withheld.at)}: ${withheld.reasons.join('; ')}`,
        ]),
  ];
}

const ARMS: Readonly<Record<string, string>> = {
  holdout: "the author's first order, for comparison (holdout)",
  candidate: 'an order that learning tries (candidate)',
  incumbent: 'the learned order (incumbent)',
};

function armWords({ name, propensity, version, order }: NonNullable<Trouble['arm']>): string {
  const which = Object.hasOwn(ARMS, name) ? ARMS[name] : name;
  const of = version === null ? '' : `, v${version}`;
  const drawn = propensity < 1 ? `, drawn with ${Math.round(propensity * 100)} %` : '';
  return `arm: ${which}${of}${drawn}: ${order.join(', ')}`;
}
