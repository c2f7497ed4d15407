import { EXIT } from '../core/errors.js';
import type { Context } from './context.js';
import type { Finding } from './doctor-finding.js';
import { installationFindings, logFindings } from './doctor-findings.js';
import { logrotateFindings, printRule } from './doctor-logrotate.js';
import { escapeText } from './output/escape.js';
import { findLogs } from './reading.js';
import type { WhereOptions } from './where.js';

export interface DoctorOptions extends WhereOptions {
  readonly json?: boolean;
  readonly logrotate?: boolean;
}

export async function runDoctor(ctx: Context, options: DoctorOptions): Promise<number> {
  const dir = await findLogs(ctx, options);
  if (options.logrotate) {
    printRule(ctx, dir);
    return EXIT.done;
  }
  const installation = await installationFindings(ctx);
  // Without SQLite nothing can be said of the logs.
  const isWhole = !installation.some(({ about, state }) => about === 'sqlite' && state === 'bad');
  const findings = [...installation, ...(isWhole ? await logFindings(ctx, dir) : []), ...logrotateFindings(ctx, dir)];
  const worst = findings.some((finding) => finding.state === 'bad') ? EXIT.badAnswer : EXIT.done;
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    writeJson(ctx.out, { schema: 'grace.doctor/1', logs: dir, findings });
    return worst;
  }
  const style = await ctx.style();
  const colour = { good: style.green, notice: style.yellow, bad: style.red };
  const width = Math.max(...findings.map((finding) => finding.about.length));
  for (const finding of findings) {
    ctx.out.write(
      `${colour[finding.state](finding.state.padEnd(6))}  ${finding.about.padEnd(width)}  ${escapeText(finding.text)}\n`,
    );
    if (finding.mend !== undefined) ctx.out.write(`${' '.repeat(width + 10)}mend: ${escapeText(finding.mend)}\n`);
  }
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length;
  ctx.out.write(`${count('good')} good, ${count('notice')} to notice, ${count('bad')} bad\n`);
  return worst;
}
