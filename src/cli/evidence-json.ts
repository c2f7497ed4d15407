import type { AllReport } from '../evidence/all.js';
import type { Report } from '../evidence/claim.js';
import type { Provenance } from './evidence-run.js';

/** The document of `--json`; docs/json.md is its contract. */
export function evidenceJson(report: Report, provenance: Provenance): object {
  const { schema, claims, next, empty, ...sections } = report;
  const { logs, since, generated_at, exit_code, registry } = provenance;
  return {
    schema,
    ...{ generated_at, logs, since },
    verdict: claims[0].verdict,
    exit_code,
    empty,
    claims,
    next,
    ...sections,
    registry,
  };
}

export function isAll(report: Report): report is AllReport {
  return 'reports' in report;
}
