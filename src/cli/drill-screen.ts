import type { Probe } from '../healing/check.js';
import type { HealEvent } from '../healing/events.js';
import type { Drill, Stage } from '../trigger/drill.js';
import type { Context } from './context.js';
import type { DrillEnd } from './drill-end.js';
import { nextCommand } from './next-command.js';
import { escapeText } from './output/escape.js';
import { formatSeconds } from './output/time.js';
import type { WhereOptions } from './where.js';

/** Tells a drill as it happens, a line a step, with the time since it began. Silent with `--json` but for the incident. */
export interface DrillScreen {
  settled(found: { claims: number; incidents: number; ended: number }): void;
  staged(stage: Stage, before: Probe): void;
  broken(what: string): void;
  event(event: HealEvent): void;
  finish(end: DrillEnd, dir: string): Promise<void>;
}

export type ScreenOptions = WhereOptions & { readonly json?: boolean };

export const SILENT_SCREEN: DrillScreen = { settled() {}, staged() {}, broken() {}, event() {}, async finish() {} };

export async function openDrillScreen(ctx: Context, drill: Drill, options: ScreenOptions): Promise<DrillScreen> {
  if (options.json) return { ...SILENT_SCREEN, finish: (end) => finishJson(ctx, end) };
  const style = await ctx.style();
  const begun = ctx.clock.elapsed();
  const line = (what: string, text: string) => {
    const at = `${((ctx.clock.elapsed() - begun) * 1000).toFixed(1)} ms`.padStart(10);
    ctx.out.write(`${style.dim(at)}  ${what.padEnd(8)}  ${escapeText(text)}\n`);
  };
  ctx.out.write(`${style.bold('DRILL:')} ${drill.id}: ${drill.summary}; nothing else is touched\n`);
  return {
    settled({ claims, incidents }) {
      if (claims + incidents > 0)
        line('settled', `an earlier process had left ${claims} claims and ${incidents} incidents open`);
    },
    staged: (stage, before) => line('service', `${stage.where}; its check says ${before.status}`),
    broken: (what) => line('fault', what),
    event: (event) => {
      const told = tell(event);
      if (told) line(told.what, told.text);
    },
    async finish(end, dir) {
      const { verdict, detail } = conclusion(end);
      const colour = end.kind === 'resolved' ? style.green : style.red;
      ctx.out.write(`${colour(verdict)} ${escapeText(detail)}\n`);
      if (end.kind !== 'resolved') return;
      const next = nextCommand(['evidence', 'self-healing'], options);
      ctx.out.write(`Records: ${escapeText(dir)}   Next: ${escapeText(next)}\n`);
    },
  };
}

function tell(event: HealEvent): { what: string; text: string } | undefined {
  switch (event.kind) {
    case 'probed': {
      const count = event.purpose === 'verify' ? ` (${event.passes} of ${event.wanted})` : '';
      return {
        what: event.purpose === 'verify' ? 'verify' : 'probe',
        text: `${event.probe.status}: ${event.probe.summary}${count}`,
      };
    }
    case 'confirmed':
      return { what: 'confirm', text: `failed ${event.bad} of ${event.of}` };
    case 'opened':
      return { what: event.relapse ? 'again' : 'opened', text: event.incident_id };
    case 'claimed':
      return { what: 'claim', text: `${event.playbook_id}, granted by ${event.claim_id}, on the disk` };
    case 'withheld':
      return {
        what: 'held',
        text: `${event.playbook_id}: ${event.refusals.map(({ rail, reason }) => `${rail}: ${reason}`).join('; ')}`,
      };
    case 'left_alone':
      return { what: 'left', text: LEFT_ALONE[event.reason] };
    case 'stepped':
      return {
        what: event.worked ? 'act' : 'act !',
        text: `${event.name}: ${event.exit} (${formatSeconds(event.duration_s)})`,
      };
    case 'escalated':
      return { what: 'escalate', text: event.reason };
    case 'attempted':
    case 'ended_late':
    case 'recovered':
      return undefined;
  }
}

const LEFT_ALONE = {
  busy: 'another process is at work on it',
  stale: 'another process has dealt with it',
  abandoned: 'a process that was at work on it is gone',
} as const;

export function conclusion(end: DrillEnd): { verdict: string; detail: string } {
  switch (end.kind) {
    case 'resolved': {
      const { incident_id, mttr_seconds, timings, verification } = end.incident;
      const parts = (['confirm', 'decide', 'act', 'verify'] as const)
        .map((part) => `${part} ${formatSeconds(timings[`${part}_s`])}`)
        .join(', ');
      return {
        verdict: 'HEALED:',
        detail: `${incident_id} in ${formatSeconds(mttr_seconds)} from the first failing probe, verified by ${verification.passes} passes (${parts})`,
      };
    }
    case 'failed':
      return { verdict: 'NOT HEALED:', detail: `${end.incident.incident_id}: ${end.incident.error ?? ''}` };
    case 'not_found':
      return { verdict: 'NOT HEALED:', detail: whyNotFound(end.looked) };
    case 'interrupted':
      return end.incident === undefined
        ? { verdict: 'INTERRUPTED:', detail: 'before anything was done about the fault; nothing is left running' }
        : { verdict: 'NOT HEALED:', detail: `${end.incident.incident_id}: ${end.incident.error ?? 'interrupted'}` };
  }
}

function whyNotFound(looked: Extract<DrillEnd, { kind: 'not_found' }>['looked']): string {
  if (looked.kind === 'could_not_tell') return `the check could not run: ${looked.probe.summary}`;
  if (looked.kind === 'handled') return 'another process is at work on the same target';
  return 'the fault was not there any more when it was looked for';
}

async function finishJson(ctx: Context, end: DrillEnd): Promise<void> {
  const { writeJson } = await import('./output/json.js');
  writeJson(ctx.out, 'incident' in end ? (end.incident ?? null) : null);
}
