import { commandDistrust } from '../core/config/command-trust.js';
import { kindOfProgram } from './steps/interpreters.js';

/** Why a program is not started just now; `undefined` if it may be. */
export type Distrust = (argv: readonly string[], cwd?: string) => string | undefined;

/** By what is true at this moment: what was judged when grace.yaml was read may have been given away since. */
export const distrustNow: Distrust = (argv, cwd) => {
  const fault = commandDistrust(argv, cwd, kindOfProgram);
  return fault === undefined ? undefined : `refused: ${fault}; nothing was started`;
};
