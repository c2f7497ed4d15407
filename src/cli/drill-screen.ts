import type { ProcessIdentity } from '../core/records/claim.js';
import type { Probe } from '../healing/check.js';
import type { HealEvent } from '../healing/events.js';
import type { HealResult } from '../healing/heal.js';
import type { Drill, Stage } from '../trigger/drill.js';
import type { Context } from './context.js';
import { nextCommand } from './next-command.js';
import { escapeText } from './output/escape.js';
import { formatSeconds } from './output/time.js';
import type { WhereOptions } from './where.js';

/** Tells a drill as it happens, a line a step, with the time since it began. Silent with `--json` but for the incident. */
export interface DrillScreen {
  settled(found: { claims: number; incidents: number }): void;
  staged(stage: Stage, before: Probe): void;
  broken(culprit: ProcessIdentity): void;
  event(event: HealEvent): void;
  finish(result: HealResult | undefined, dir: string): Promise<void>;
}

export type ScreenOptions = WhereOptions & { readonly json?: boolean };

const SILENT: Omit<DrillScreen, 'finish'> = { settled() {}, staged() {}, broken() {}, event() {} };

export async function openDrillScreen(ctx: Context, drill: Drill, options: ScreenOptions): Promise<DrillScreen> {
  if (options.json) return { ...SILENT, finish: (result) => finishJson(ctx, result) };
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
    staged: (stage, before) => line('service', `runs at ${stage.url}; its check says ${before.status}`),
    broken: (culprit) => line('fault', `process ${culprit.pid} has taken the port`),
    event: (event) => {
      const told = tell(event);
      if (told) line(told.what, told.text);
    },
    async finish(result, dir) {
      const { verdict, detail } = conclusion(result);
      const colour = result?.kind === 'resolved' ? style.green : style.red;
      ctx.out.write(`${colour(verdict)} ${escapeText(detail)}\n`);
      if (result?.kind !== 'resolved') return;
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
      return { what: event.joined ? 'joined' : 'opened', text: `${event.incident_id}, intent is on the disk` };
    case 'claimed':
      return { what: 'claim', text: `${event.playbook_id}, granted by ${event.claim_id}` };
    case 'refused':
      return { what: 'claim', text: `refused: ${event.reason}` };
    case 'stepped':
      return {
        what: event.worked ? 'act' : 'act !',
        text: `${event.name}: ${event.exit} (${formatSeconds(event.duration_s)})`,
      };
    case 'ended':
      return undefined;
  }
}

function conclusion(result: HealResult | undefined): { verdict: string; detail: string } {
  switch (result?.kind) {
    case 'resolved': {
      const { incident_id, mttr_seconds, timings, verification } = result.incident;
      const parts = (['confirm', 'decide', 'act', 'verify'] as const)
        .map((part) => `${part} ${formatSeconds(timings[`${part}_s`])}`)
        .join(', ');
      return {
        verdict: 'HEALED:',
        detail: `${incident_id} in ${formatSeconds(mttr_seconds)} from the first failing probe, verified by ${verification.passes} passes (${parts})`,
      };
    }
    case 'failed':
      return { verdict: 'NOT HEALED:', detail: `${result.incident.incident_id}: ${result.incident.error ?? ''}` };
    case 'refused':
      return { verdict: 'NOT HEALED:', detail: `${result.incident_id}: the claim was refused (${result.reason})` };
    case 'could_not_tell':
      return { verdict: 'NOT HEALED:', detail: `the check could not run: ${result.summary}` };
    case 'healthy':
    case 'not_confirmed':
      return { verdict: 'NOT HEALED:', detail: 'the fault was not there any more when it was looked for' };
    default:
      return { verdict: 'INTERRUPTED:', detail: 'before anything was done about the fault; nothing is left running' };
  }
}

async function finishJson(ctx: Context, result: HealResult | undefined): Promise<void> {
  const { writeJson } = await import('./output/json.js');
  writeJson(ctx.out, result && 'incident' in result ? (result.incident ?? null) : null);
}
