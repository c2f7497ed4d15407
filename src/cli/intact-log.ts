import { EXIT, OperatorError } from '../core/errors.js';
import type { Context } from './context.js';
import { auditOf } from './evidence-audit.js';
import { nextCommand } from './next-command.js';
import type { WhereOptions } from './where.js';

export interface IntactOptions {
  /** `nothing was learned`, for the sentence. */
  readonly consequence: string;
  /** Only what is new since the last verification: for what is done every few minutes. */
  readonly quick?: boolean;
  /** How far it was read is not remembered beside the log: for who only looks. */
  readonly inPassing?: boolean;
}

/**
 * Throws where the audit log is not what was sealed: whoever draws conclusions from it verifies it first. A log without a seal
 * is heard as everywhere else.
 */
export async function requireIntact(
  ctx: Context,
  dir: string,
  where: WhereOptions,
  { consequence, quick = false, inPassing = false }: IntactOptions,
): Promise<void> {
  const report = await auditOf(ctx, dir, { quick, inPassing });
  const failed = report?.claims.find(({ verdict }) => verdict === 'FAIL');
  if (failed === undefined) return;
  throw new OperatorError('GRACE_AUDIT_FAILED', EXIT.auditBroken, `${consequence}: ${failed.headline}`, {
    hint: `${nextCommand(['evidence', 'audit'], where)}   # what was changed`,
  });
}
