import type { Done, Program } from './command.js';
import type { Context } from './context.js';
import { withJson, withKey, withWhere } from './options.js';

/** What an auditor takes away: proofs of single lines, signed notes, everything in one archive, and witnesses. */
export function registerProofs(evidence: Program, ctx: Context, done: Done): void {
  withJson(withWhere(evidence.command('prove')))
    .summary('that one line stands in the sealed audit log, for a stranger to check')
    .description(
      'Prove that one line stands in the sealed audit log: a C2SP tlog-proof of about 1 kB, which a stranger checks with ' +
        'no log and no network, given the public key. Of an incident: that the log vouches for its last snapshot.',
    )
    .argument('<what>', 'an entry id, an incident id, or the number of a line, from 1')
    .option('--out <file>', 'writes the proof there, the line to FILE.entry, of an incident its line to FILE.incident')
    .addHelpText('after', HELP.prove)
    .action(async (what: string, options) => {
      const { runProve } = await import('./evidence-prove.js');
      done(await runProve(ctx, what, options));
    });

  withJson(withWhere(evidence.command('checkpoint')))
    .summary('the newest signed note: three lines that fit in a ticket')
    .description(
      'Print the newest signed note of the audit log: its origin, how many lines, their root, and the signature.',
    )
    .option('--export <file>', 'writes it there')
    .option(
      '--since <size|file>',
      'with the proof that it goes on from an older note: its size, or the file that holds it',
    )
    .addHelpText('after', HELP.checkpoint)
    .action(async (options) => {
      const { runCheckpoint } = await import('./evidence-checkpoint.js');
      done(await runCheckpoint(ctx, options));
    });

  withJson(withWhere(evidence.command('export')))
    .summary('logs, hashes, notes and keys in one archive that verifies offline')
    .description('Write logs, hashes, notes, keys and how to check them into one archive that verifies offline.')
    .requiredOption('--out <file>', 'the archive, if it ends in .tar; else a new directory')
    .addHelpText('after', HELP.export)
    .action(async (options) => {
      const { runExport } = await import('./evidence-export.js');
      done(await runExport(ctx, options));
    });

  withJson(withKey(evidence.command('witness')))
    .summary('on another host: sign what a log says of itself, unless it shrank or forked')
    .description(
      'On another host, or on a stick: sign what a log says of itself, unless it shrank or forked.\n' +
        "With --accept, on the log's own host: keep what a witness has signed.\n" +
        'With --rekey, there too: another key signs from now on; a seal that is gone is made anew. The log says so.',
    )
    .argument('[source]', 'a directory of logs, or a file made by: grace evidence checkpoint --export')
    .option('--accept <file>', 'a note that a witness has signed, to be kept beside the log')
    .option('--rekey', 'another key signs the log from now on, and the log says so')
    .option('--store <dir>', 'what the witness remembers (default: grace/witness in the state directory)')
    .option('--witness-key <file>', "the witness's own key, made when it is not there (default: in the store)")
    .option('--vkey <file>', "the log's public key, the first time; with --accept: the witness's")
    .option('--out <file>', 'writes the signed note there')
    .addHelpText('after', HELP.witness)
    .action(async (source: string | undefined, options) => {
      const { runWitness } = await import('./evidence-witness.js');
      done(await runWitness(ctx, source, options));
    });
}

const HELP = {
  prove: `
Exit codes: 0 proved · 3 not sealed yet · 10 no such line, or no seal · 12 line or hashes were changed

Examples:
  grace evidence prove inc_20261123_013003_c4c1dbba91f0 --out proof
  grace evidence prove 1513 > line.tlog-proof`,
  checkpoint: `
Exit codes: 0 done · 10 no seal · 12 broken, or not the log of that older note

Examples:
  grace evidence checkpoint
  grace evidence checkpoint --since 1513 --export for-the-witness`,
  export: `
Exit codes: 0 done · 4 the file is there · 10 no seal · 12 the lines do not give the signed root

Example:
  grace evidence export --out evidence.tar`,
  witness: `
Exit codes: 0 signed · 2 a proof or a key is missing · 10 no seal · 12 the log shrank, forked or is another

Examples:
  grace evidence witness /mnt/host/grace --vkey host.vkey --out cosigned
  grace evidence witness --accept cosigned --logs /var/lib/grace`,
} as const;
