/**
 * Names the rules by which entries are folded and decided on. Whoever changes a constant or a formula of them gives it the next
 * number: entries that were written by others are then told apart from entries that were changed.
 */
export const LEARNING_RULES = 1;
