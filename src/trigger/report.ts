import { z } from 'zod';
import { FAILURE_MODES } from '../core/records/failure-modes.js';
import { SEVERITIES } from '../core/records/incident.js';
import type { Json } from '../core/records/json.js';
import { unstorable } from '../core/records/strict-json.js';
import { parseInstant } from '../core/records/time.js';

const instant = z
  .string()
  .refine((text) => parseInstant(text) !== undefined, 'is not a time like 2026-11-20T14:00:00Z');
const words = z.string().min(1, 'is empty').max(1024, 'is longer than 1,024 characters');

/** What another system says about an incident. Everything it does not say is left open, nothing is guessed. */
export const reportSchema = z.strictObject({
  failure_mode: z.enum(FAILURE_MODES),
  severity: z.enum(SEVERITIES).default('medium'),
  target: words.optional(),
  /** Who reports; with `ref` it names the incident once and for all. */
  source: words.default('cli'),
  ref: words.optional(),
  status: z.enum(['detected', 'resolved']).default('detected'),
  detected_at: instant.optional(),
  resolved_at: instant.optional(),
  error: words.optional(),
  metadata: z.record(z.string(), z.json()).default({}),
});

export type Report = z.infer<typeof reportSchema>;

/** How far the clock of whoever reports may be ahead; what is later is a mistake and would stay the newest for ever. */
const CLOCK_DIFFERENCE_MS = 86_400_000;
/** Bytes of a report's metadata as JSON. */
const MAX_METADATA_BYTES = 65_536;

export type CheckedReport =
  | { readonly ok: true; readonly report: Report }
  | { readonly ok: false; readonly problem: string };

/** Names the first field that is wrong, and what is wrong with it. */
export function checkReport(value: unknown, now_ms: number): CheckedReport {
  const unsafe = unstorable(value as Json);
  if (unsafe !== undefined) return { ok: false, problem: unsafe };
  const result = reportSchema.safeParse(value);
  if (!result.success) return { ok: false, problem: describe(result.error.issues[0]) };
  const { detected_at, resolved_at } = result.data;
  if (detected_at !== undefined && resolved_at !== undefined) {
    if ((parseInstant(resolved_at) ?? 0) < (parseInstant(detected_at) ?? 0)) {
      return { ok: false, problem: 'field resolved_at is before detected_at' };
    }
  }
  for (const [field, text] of Object.entries({ detected_at, resolved_at })) {
    if ((parseInstant(text ?? '') ?? 0) > now_ms + CLOCK_DIFFERENCE_MS) {
      return { ok: false, problem: `field ${field} is more than a day in the future` };
    }
  }
  const { simulated } = result.data.metadata;
  if (simulated !== undefined && typeof simulated !== 'boolean') {
    return { ok: false, problem: 'field metadata.simulated is neither true nor false' };
  }
  if (resolved_at !== undefined && result.data.status !== 'resolved') {
    return { ok: false, problem: 'field resolved_at is given, but status is not resolved' };
  }
  if (Buffer.byteLength(JSON.stringify(result.data.metadata)) > MAX_METADATA_BYTES) {
    return { ok: false, problem: `field metadata is longer than ${MAX_METADATA_BYTES} bytes` };
  }
  return { ok: true, report: result.data };
}

function describe(issue: z.core.$ZodIssue | undefined): string {
  if (!issue) return 'it is not a report';
  const field = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') return `field ${issue.keys[0]} is not known`;
  if (field === '') return 'it is not a JSON object';
  if (issue.code === 'invalid_value') return `field ${field} is none of ${issue.values.join(', ')}`;
  if (issue.code === 'invalid_type') return `field ${field} is missing or not a ${issue.expected}`;
  return `field ${field} ${issue.message}`;
}
