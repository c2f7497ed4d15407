import { hostname } from 'node:os';
import { EXIT } from '../core/errors.js';
import { isAlive } from '../core/host/process-identity.js';
import { type HealStatus, healStatus, type Trouble } from '../healing/status.js';
import type { Context } from './context.js';
import { presentOf } from './healing.js';
import { nextCommand } from './next-command.js';
import { noteTrouble } from './notes.js';
import { escapeText } from './output/escape.js';
import type { Style } from './output/style.js';
import { formatSeconds, formatUtc } from './output/time.js';
import { openForLooking } from './reading.js';
import type { WhereOptions } from './where.js';

export type StatusOptions = WhereOptions & { readonly json?: boolean };

/** 0: nothing is wrong; 3: something is, or needs a person. */
export async function runHealStatus(ctx: Context, options: StatusOptions): Promise<number> {
  const reading = await openForLooking(ctx, options);
  const status = reading.registry.control((view) => healStatus(view, presentOf(ctx), isAlive, hostname()));
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    writeJson(ctx.out, { schema: 'grace.status/1', ...status });
  } else {
    show(ctx, status, options, await ctx.style());
  }
  noteTrouble(ctx, reading);
  reading.registry.close();
  const isWell = status.wrong.length === 0 && status.brake === null && status.doing.every(({ alive }) => alive);
  return isWell ? EXIT.done : EXIT.badAnswer;
}

function show(ctx: Context, status: HealStatus, options: StatusOptions, style: Style): void {
  const line = (text: string) => ctx.out.write(`${text}\n`);
  const heading = (text: string) => line(style.bold(text));
  const { wrong, doing, brake, silences, watch } = status;
  const people = wrong.filter(({ needs_person }) => needs_person !== null && needs_person.acknowledged_by === null);
  const waiting = wrong.filter(({ approval, withheld }) => approval?.given === false && withheld !== null);

  line(
    wrong.length === 0
      ? style.green('Nothing is wrong.')
      : style.red(`${wrong.length} ${wrong.length === 1 ? 'thing is' : 'things are'} wrong.`),
  );
  for (const trouble of wrong) for (const text of troubleLines(trouble)) line(escapeText(text));

  if (doing.length > 0) {
    heading('Under way');
    for (const one of doing) {
      const state = one.alive
        ? `for ${formatSeconds(one.for_s)}, process ${one.pid}`
        : `its process ${one.pid} is gone`;
      line(`  ${escapeText(`${one.playbook} on ${one.target} (${one.incident_id})`)}: ${state}`);
    }
  }
  if (brake !== null) {
    heading(style.red('The brake is on: nothing acts'));
    line(`  ${escapeText(`since ${formatUtc(brake.since)}, by ${brake.by}: ${brake.reason}`)}`);
    line(`  ${nextCommand(['heal', 'brake', 'off'], options)}`);
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
}

function troubleLines(trouble: Trouble): string[] {
  const { check, target, incident_id, severity, failure_mode, status, age_s, relapses, tried, withheld } = trouble;
  const again = relapses > 0 ? `, ${relapses + 1} times` : '';
  return [
    `  ${severity} ${check ?? failure_mode}: ${failure_mode}${target === null ? '' : ` of ${target}`}, ${status}, for ${formatSeconds(age_s)}${again}`,
    `    ${incident_id}`,
    ...(tried.length > 0
      ? [`    tried: ${tried.map(({ playbook, outcome }) => `${playbook} (${outcome})`).join(', ')}`]
      : []),
    ...(withheld === null
      ? []
      : [`    would have run ${withheld.playbook}, and does not: ${withheld.reasons.join('; ')}`]),
  ];
}
