import { resolve } from 'node:path';
import { type ConfigFault, faultLine } from '../core/config/config-fault.js';
import { type CheckedConfig, checkConfig } from '../core/config/load-config.js';
import { EXIT } from '../core/errors.js';
import { counted } from '../evidence/words.js';
import { configKnowledge } from './config-knowledge.js';
import type { Context } from './context.js';
import { escapeText } from './output/escape.js';
import type { WhereOptions } from './where.js';

export interface ConfigCheckOptions extends WhereOptions {
  readonly json?: boolean;
}

export async function runConfigCheck(
  ctx: Context,
  file: string | undefined,
  options: ConfigCheckOptions,
): Promise<number> {
  const config = file === undefined ? options.config : resolve(ctx.cwd, file);
  const checked = await checkConfig({ cwd: ctx.cwd, env: ctx.env, config }, configKnowledge);
  const { path, faults, untrusted, warnings, read } = checked;
  const exit = exitOf(checked);
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    const version = read?.version ?? null;
    writeJson(ctx.out, {
      schema: 'grace.config_check/1',
      path,
      ok: exit === EXIT.done,
      version,
      faults,
      untrusted,
      warnings,
    });
    return exit;
  }
  const style = await ctx.style();
  const say = (fault: ConfigFault, kind: string) => {
    ctx.out.write(`${kind}${escapeText(faultLine(fault))}\n`);
    if (fault.suggestion !== undefined) ctx.out.write(`    ${escapeText(fault.suggestion)}\n`);
  };
  for (const fault of [...faults, ...untrusted]) say(fault, '');
  for (const warning of warnings) say(warning, style.yellow('warning: '));
  ctx.out.write(`${escapeText(summary(checked))}\n`);
  return exit;
}

function exitOf({ faults, untrusted }: CheckedConfig): number {
  if (faults.length > 0) return EXIT.usage;
  return untrusted.length > 0 ? EXIT.refused : EXIT.done;
}

function summary({ path, faults, untrusted, warnings, read }: CheckedConfig): string {
  const told = [
    counted(faults.length, 'fault'),
    ...(untrusted.length > 0 ? [`${counted(untrusted.length, 'way')} for others to change it`] : []),
    counted(warnings.length, 'warning'),
  ].join(', ');
  if (!read) return `${path}: ${told}`;
  const { checks, playbooks } = read.config;
  const size = [counted(Object.keys(checks).length, 'check'), counted(Object.keys(playbooks).length, 'playbook')];
  return `${path}: ${told}; ${size.join(', ')}, ${read.version}`;
}
