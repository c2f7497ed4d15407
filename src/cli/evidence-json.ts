import type { AllReport } from '../evidence/all.js';
import type { Report } from '../evidence/claim.js';
import { nextWords } from './next-command.js';

/** What a report was made from, beside its facts. */
export interface Provenance {
  readonly logs: string;
  readonly since: string | null;
  readonly generated_at: string;
  readonly exit_code: number;
  /** Why the projection lives in a temporary file, was built anew, and where a damaged one was kept. */
  readonly registry: {
    readonly temporary: string | null;
    readonly rebuilt: string | null;
    readonly kept: string | null;
  };
}

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
    next: next && { ...next, argv: nextWords(next.argv, { logs }) },
    ...sections,
    registry,
  };
}

export function isAll(report: Report): report is AllReport {
  return 'reports' in report;
}
