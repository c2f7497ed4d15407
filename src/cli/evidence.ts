import type { Done, Program } from './command.js';
import type { Context } from './context.js';
import type { AuditOptions } from './evidence-audit-run.js';
import { registerProofs } from './evidence-proofs.js';
import type { EvidenceOptions, ReportName } from './evidence-run.js';
import { withJson, withWhere } from './options.js';

const REPORTS: readonly (readonly [name: ReportName, summary: string])[] = [
  ['self-healing', 'what was healed, how fast, how sure are we'],
  ['learning', 'does the learning loop run, does it help'],
  ['unified', 'the tasks of every subsystem'],
  ['all', 'all of these'],
];

export function registerEvidence(program: Program, ctx: Context, done: Done): void {
  const evidence = program
    .command('evidence')
    .summary('what happened, as claims with their numbers; each is a check too')
    .description('What the logs show, as claims: PASS, PARTIAL, FAIL or INCONCLUSIVE, each with what it rests on.')
    .addHelpText(
      'after',
      `
The exit code of a report is a monitoring plugin's, set by the first claim:
  0 PASS · 1 PARTIAL · 2 FAIL · 3 INCONCLUSIVE, or could not tell
audit, prove, checkpoint, export and witness have codes of their own: their --help

Examples:
  grace evidence self-healing --since 7d
  grace evidence all --strict --json
The rule of every verdict: docs/claims.md`,
    );
  for (const [name, summary] of REPORTS) {
    withJson(
      withWhere(
        evidence
          .command(name)
          .summary(summary)
          .description(`${capital(summary)}.`),
      ),
    )
      .option('--since <time>', 'only since: 24h, 7d, 2026-11-20 or 2026-11-20T14:00:00Z')
      .option('--strict', 'the worst claim sets the exit code, not the first')
      .option('--empty <ok>', 'with "ok", a window without incidents (or tasks, or entries) exits 0')
      .action(async (options: EvidenceOptions) => {
        const { runEvidence } = await import('./evidence-run.js');
        done(await runEvidence(ctx, name, options));
      });
  }
  registerAudit(evidence, ctx, done);
  registerProofs(evidence, ctx, done);
}

function registerAudit(evidence: Program, ctx: Context, done: Done): void {
  withJson(withWhere(evidence.command('audit')))
    .summary('was the audit log edited, cut or rolled back')
    .description(
      'Reads every sealed line and every incident line that the audit log vouches for, and holds them against the ' +
        'newest signed note; or against a checkpoint and a public key that were kept elsewhere.',
    )
    .option('--vkey <file>', 'public key of the log from outside (default: the one beside the log)')
    .option('--against <file>', 'a checkpoint that was kept elsewhere; may be repeated', collect)
    .option('--witness <file>', 'public key of a witness; may be repeated', collect)
    .option('--full', 'every note that was ever signed, too')
    .option('--quick', 'read only what is new since the last verification on this host')
    .addHelpText(
      'after',
      `
Exit code: 0 intact · 3 no seal, no key, or could not tell · 12 anything worse

Examples:
  grace evidence audit
  grace evidence audit --logs /mnt/copy --vkey web1.vkey --against web1.checkpoint`,
    )
    .action(async (options: AuditOptions) => {
      const { runAudit } = await import('./evidence-audit-run.js');
      done(await runAudit(ctx, options));
    });
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function capital(s: string): string {
  return s.charAt(0).toUpperCase() + s.slice(1);
}
