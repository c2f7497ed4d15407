import { expect, it } from 'vitest';
import { matchesOldLearningRule } from '../../../src/core/records/learning-keywords.js';

it.each([
  ['{"actor":"learner"}', true],
  ['{"resource":"MODEL_server"}', true],
  ['{"note":"constraint"}', true],
  ['{"a":"update_knowledge"}', true],
  ['{"a":"improved"}', true],
  ['{"a":"update knowledge"}', false],
  ['{"a":"boot"}', false],
])('%s: %s', (line, matches) => {
  expect(matchesOldLearningRule(line)).toBe(matches);
});
