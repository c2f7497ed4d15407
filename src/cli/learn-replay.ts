import { EXIT, OperatorError } from '../core/errors.js';
import { LOG_FILE } from '../core/journal/log-files.js';
import { ACTION } from '../core/records/audit-actions.js';
import { fileOfLine } from '../core/registry/queries/audit-lines.js';
import { gapWords } from '../healing/engine/gap-words.js';
import { type VerifiedReplay, verifyReplay } from '../learning/replay/verify-replay.js';
import { answerWhatIf, readWhatIf, type WhatIf, type WhatIfAnswer } from '../learning/replay/what-if.js';
import type { Context } from './context.js';
import { requireIntact } from './intact-log.js';
import { requireKnownCheck } from './learn-chronicle.js';
import { isAnswered, replayJson, verifiedLines, whatIfLines } from './learn-replay-text.js';
import { say } from './learn-words.js';
import { nextCommand } from './next-command.js';
import { noteTrouble } from './notes.js';
import { openForLooking, type Reading } from './reading.js';
import type { WhereOptions } from './where.js';

export type LearnReplayOptions = WhereOptions & {
  readonly verify?: boolean;
  readonly whatIf?: string | readonly string[];
  readonly check?: string;
  readonly json?: boolean;
};

/** 0: all agrees, and all is answered; 3: something deviates, or too little is known; 12: lines of the log are missing. */
export async function runLearnReplay(ctx: Context, options: LearnReplayOptions): Promise<number> {
  const questions = questionsOf(options);
  const verifies = options.verify === true || questions.length === 0;
  if (options.check !== undefined && questions.length === 0) {
    throw new OperatorError(
      'GRACE_USAGE',
      EXIT.usage,
      '--check goes with --what-if: everything is verified, or nothing',
      {
        hint: nextCommand(['learn', 'replay', '--verify'], options),
      },
    );
  }
  const reading = await openForLooking(ctx, options);
  try {
    requireAllLines(reading, options);
    reading.registry.control((view) => {
      for (const { check } of questions) requireKnownCheck(view, check, options);
    });
    await requireIntact(ctx, reading.dir, options, { consequence: 'nothing can be verified', inPassing: true });
    const { verified, answers } = reading.registry.control((view) => ({
      verified: verifies ? verifyReplay(view) : undefined,
      answers: questions.map((question) => answerWhatIf(question, view)),
    }));
    await show(ctx, options, verified, answers);
    noteTrouble(ctx, reading);
    return verified?.deviating || !answers.every(isAnswered) ? EXIT.badAnswer : EXIT.done;
  } finally {
    reading.registry.close();
  }
}

async function show(
  ctx: Context,
  { json }: LearnReplayOptions,
  verified: VerifiedReplay | undefined,
  answers: readonly WhatIfAnswer[],
): Promise<void> {
  if (json) {
    const { writeJson } = await import('./output/json.js');
    writeJson(ctx.out, replayJson(verified, answers));
    return;
  }
  for (const answer of answers) for (const text of whatIfLines(answer)) say(ctx.out, text);
  if (verified) for (const text of verifiedLines(verified)) say(ctx.out, text);
}

function questionsOf({ whatIf = [], check }: LearnReplayOptions): WhatIf[] {
  return [whatIf].flat().map((text: string) => {
    const question = readWhatIf(text, check);
    if (question !== undefined) return question;
    const message = `--what-if ${text || "''"} is neither order=CHECK:FIRST,SECOND,… nor gamma= a number above 0, at most 1`;
    throw new OperatorError('GRACE_USAGE', EXIT.usage, message, {
      hint: 'grace learn replay --what-if order=web:restart-web,clear-cache   # or --what-if gamma=0.9',
    });
  });
}

/** Rotations that are looked at: the oldest of them says where the first file began. */
const MOST_ROTATIONS = 100_000;

/** What was learned rests on every line: without one of them nothing can be computed once more. */
function requireAllLines({ registry }: Reading, where: WhereOptions): void {
  const { missing, lines, rotations } = registry.control((view) => ({
    ...{ missing: view.missingLines(), lines: view.auditLines() },
    rotations: view.recentControls(ACTION.logRotated, MOST_ROTATIONS),
  }));
  // A copy without the seal counts from the first file it has; that file may say itself that others came before it.
  const isLater = rotations.some(({ line, metadata }) => Number(metadata.first_line) > line);
  const isCut = isLater || (lines > 0 && registry.read((db) => fileOfLine(db, 1)) === undefined);
  if (missing.length === 0 && !isCut) return;
  const what = gapWords(missing) ?? `the first lines of ${LOG_FILE.audit} were put away: put the file back`;
  throw new OperatorError('GRACE_LOG_GAP', EXIT.auditBroken, `what was learned cannot be computed once more: ${what}`, {
    hint: `${nextCommand(['doctor'], where)}   # which files there are`,
  });
}
