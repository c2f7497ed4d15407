import type { CheckSpecs } from '../../core/config/schema/check-schema.js';
import type { Clock } from '../../core/host/clock.js';
import type { Finding, ProbeStatus } from '../check.js';
import type { ChildResult } from '../child/child.js';
import { runChild } from '../child/run-child.js';
import type { Distrust } from '../distrust.js';
import { parsePerfdata } from './perfdata.js';
import { shortened } from './shown.js';

const STATUSES: readonly ProbeStatus[] = ['ok', 'warning', 'critical', 'unknown'];

/** Runs a monitoring plugin: its exit code is the status, its first line the summary. */
export async function probeCommand(
  spec: CheckSpecs['command'],
  marker: string,
  clock: Clock,
  distrust?: Distrust,
): Promise<Finding> {
  const { run: argv, env, timeout } = spec;
  const refusal = distrust?.(argv);
  if (refusal !== undefined) return unknown(`the check cannot run: ${refusal}`);
  return pluginFinding(await runChild({ argv, env, timeout_ms: timeout * 1000, marker, clock }), timeout);
}

/** What a plugin that ended so has found. */
export function pluginFinding({ end, stdout, stderr, truncated }: ChildResult, timeout_s: number): Finding {
  switch (end.kind) {
    case 'not_started':
      return unknown(`the check cannot run: ${end.reason}`);
    case 'timed_out':
      return unknown(`the plugin gave no result within ${timeout_s} s and was ended`);
    case 'stopped':
      return unknown('the plugin was stopped before it gave a result');
    case 'signalled':
      return unknown(`the plugin was ended by ${end.signal}`);
    case 'exited': {
      const { summary, perfdata } = pluginOutput(stdout.toString(), truncated);
      const status = STATUSES[end.code];
      const said = summary || firstLine(stderr.toString());
      if (status === undefined) {
        const why = `the plugin ended with exit code ${end.code}, which means nothing`;
        return unknown(said === '' ? why : shortened(`${why}: ${said}`));
      }
      return {
        status,
        summary: said || `the plugin said nothing, with exit code ${end.code}`,
        ...(perfdata.length > 0 && { perfdata }),
      };
    }
  }
}

/**
 * The summary is the first line up to a `|`. Performance data follow that `|`; behind the first `|` of the other lines
 * there is nothing else.
 */
export function pluginOutput(text: string, truncated = false) {
  const end = text.indexOf('\n');
  const first = end < 0 ? text : text.slice(0, end);
  const figures = end < 0 ? behind(first) : `${behind(first)}\n${behind(text.slice(end + 1))}`;
  return { summary: firstLine(before(first)), perfdata: parsePerfdata(truncated ? wholeWords(figures) : figures) };
}

function before(text: string): string {
  const bar = text.indexOf('|');
  return bar < 0 ? text : text.slice(0, bar);
}

function behind(text: string): string {
  const bar = text.indexOf('|');
  return bar < 0 ? '' : text.slice(bar + 1);
}

function firstLine(text: string): string {
  const end = text.indexOf('\n');
  return shortened((end < 0 ? text : text.slice(0, end)).trim());
}

/** A figure that was cut off would be another figure. */
function wholeWords(text: string): string {
  let end = text.length;
  while (end > 0 && /\S/.test(text[end - 1] ?? '')) end--;
  return text.slice(0, end);
}

function unknown(summary: string): Finding {
  return { status: 'unknown', summary };
}
