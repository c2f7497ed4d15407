/**
 * How the old report decided that a line was about learning: the line, whatever it says, contains one of these words.
 * Kept so that what it would have counted can be shown beside what really was learned.
 */
const OLD_LEARNING_WORDS = /learn|train|improve|update_knowledge|model/i;

export function matchesOldLearningRule(line: string): boolean {
  return OLD_LEARNING_WORDS.test(line);
}
