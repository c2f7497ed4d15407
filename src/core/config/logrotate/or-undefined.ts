import { systemErrorSentence } from '../../errors.js';

/** `undefined` when the system says no. */
export function orUndefined<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (systemErrorSentence(error) === undefined) throw error;
    return undefined;
  }
}
