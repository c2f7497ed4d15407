/** An e-value at which chance alone is out of the question: at most once in 20 series, however often one looks. */
export const DECISIVE = 20;

/** Compared incidents below which nothing is called proven. */
export const FEWEST_LEARNED = 80;
export const FEWEST_HOLDOUT = 20;
