import { Command, type CommanderError } from 'commander';
import { EXIT, OperatorError } from '../core/errors.js';
import type { Done, Program } from './command.js';
import { registerConfig } from './config.js';
import type { Context } from './context.js';
import { registerDoctor } from './doctor.js';
import { registerEvidence } from './evidence.js';
import { registerHeal } from './heal.js';
import { registerLearn } from './learn.js';
import { refuseMissingValues } from './missing-value.js';
import { registerRegistry } from './registry.js';
import { registerTrigger } from './trigger.js';
import { packageVersion } from './version.js';

export async function runProgram(ctx: Context): Promise<number> {
  let exit: number = EXIT.done;
  const done: Done = (code) => {
    exit = code;
  };
  const program = buildProgram(ctx, done);
  try {
    await program.parseAsync([...ctx.args], { from: 'user' });
  } catch (error) {
    if (!isCommanderError(error)) throw error;
    if (error.exitCode === 0) return EXIT.done;
    throw usageError(error, program, ctx);
  }
  return exit;
}

const EVERY_DAY = 'Every day:';
const MORE = 'More:';

const GROUPS = {
  heal: { group: EVERY_DAY, register: registerHeal },
  learn: { group: EVERY_DAY, register: registerLearn },
  trigger: { group: EVERY_DAY, register: registerTrigger },
  evidence: { group: EVERY_DAY, register: registerEvidence },
  registry: { group: EVERY_DAY, register: registerRegistry },
  doctor: { group: MORE, register: registerDoctor },
  config: { group: MORE, register: registerConfig },
} as const;

function buildProgram(ctx: Context, done: Done): Program {
  const program = new Command('grace');
  program
    .description('First responder on this host: notices a failure, runs the approved remedy, proves that it worked.')
    .version(packageVersion(ctx), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .addHelpCommand(new Command('help').argument('[command]').description('show help for a command').helpGroup(MORE))
    .showSuggestionAfterError(true)
    // Commander gives up wrapping below 40 columns of text: too many for a terminal of 60.
    .configureHelp({ minWidthToWrap: 20 })
    .configureOutput({
      writeOut: (text) => ctx.out.write(text),
      // Usage errors are said in the shape of all others; see usageError.
      writeErr: () => undefined,
      getOutHelpWidth: () => Math.min(ctx.out.columns, 100),
    });
  const asked = ctx.args[0] ?? '';
  // To make all of them takes longer than most of them take: where one is named, the others are not made.
  const wanted = (name: string) => name === asked || !Object.hasOwn(GROUPS, asked);
  for (const [name, { group, register }] of Object.entries(GROUPS)) {
    if (!wanted(name)) continue;
    program.commandsGroup(group);
    register(program, ctx, done);
  }
  program.addHelpText(
    'after',
    `
Start here:
  grace trigger incident        cause a real, contained fault; watch it being healed and verified
  grace evidence self-healing   what was healed, how fast, how sure are we
  grace registry list           the tasks of every subsystem

Logs are found at --logs, then $GRACE_LOGS, then logs: in grace.yaml, then ./logs.`,
  );
  everyCommand(program, (command) => refuseMissingValues(command.exitOverride()));
  return program;
}

function everyCommand(command: Program, visit: (command: Program) => void): void {
  visit(command);
  for (const child of command.commands) everyCommand(child, visit);
}

function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && String((error as { code?: unknown }).code).startsWith('commander.');
}

/** Commander's own text, as a sentence with a hint that can be pasted. */
function usageError(error: CommanderError, program: Program, ctx: Context): OperatorError {
  const [first = '', suggestion] = error.message.split('\n');
  // A group called without a subcommand has no message: its help was asked for, in a way.
  const path = commandPath(program, ctx.args);
  const message =
    error.code === 'commander.help'
      ? `${['grace', path].filter((word) => word !== '').join(' ')} needs a subcommand`
      : first.replace(/^error: /, '');
  const meant = /Did you mean (?:one of )?([^?]*)\?/.exec(suggestion ?? '')?.[1];
  const help = ['grace', path, '--help'].filter((word) => word !== '').join(' ');
  return new OperatorError('GRACE_USAGE', EXIT.usage, message, {
    hint: meant === undefined ? help : `${help}   # did you mean ${meant}?`,
  });
}

function commandPath(program: Program, args: readonly string[]): string {
  const path: string[] = [];
  let at: Program = program;
  for (const word of args) {
    const next = at.commands.find((command) => command.name() === word);
    if (!next) break;
    path.push(word);
    at = next;
  }
  return path.join(' ');
}
