import { EXIT, OperatorError } from '../core/errors.js';
import type { Context } from './context.js';
import type { ReportFlags } from './trigger-report.js';
import type { WhereOptions } from './where.js';

export type IncidentOptions = WhereOptions & ReportFlags & { readonly json?: boolean };

/** Tells a drill from a report by the options, and refuses what is half of each. */
export async function runIncident(ctx: Context, options: IncidentOptions): Promise<number> {
  const reporting = options.failureMode !== undefined || options.from !== undefined;
  if (reporting) {
    const { runReport } = await import('./trigger-report.js');
    return runReport(ctx, options);
  }
  const half = halfAReport(options);
  if (half !== undefined) {
    throw new OperatorError(
      'GRACE_USAGE',
      EXIT.usage,
      `${half} belongs to a report, which needs --failure-mode or --from`,
      {
        hint: `${ctx.invocation} --failure-mode service_down   # without any of these options: a drill`,
      },
    );
  }
  const { runDrill } = await import('./trigger-drill.js');
  const { drillCatalogue } = await import('./drill-catalogue.js');
  return runDrill(ctx, drillCatalogue(ctx)[0], { ...options, port: 0 });
}

function halfAReport(options: IncidentOptions): string | undefined {
  const given: Record<string, unknown> = {
    '--severity': options.severity,
    '--target': options.target,
    '--meta': options.meta?.length ? options.meta : undefined,
    '--status': options.status,
    '--source': options.source,
    '--ref': options.ref,
  };
  return Object.keys(given).find((name) => given[name] !== undefined);
}
