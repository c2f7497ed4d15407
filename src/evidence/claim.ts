/** What a report asserts. The rule of every verdict is tabulated in docs/claims.md. */

export type Verdict = 'PASS' | 'PARTIAL' | 'FAIL' | 'INCONCLUSIVE';

export interface Excluded {
  /** Stable, for programs. */
  readonly id: string;
  /** What was left out, in the number that `n` asks for. */
  readonly what: string;
  readonly n: number;
  readonly why: string;
}

export interface Claim {
  /** Stable, for programs. */
  readonly id: string;
  readonly verdict: Verdict;
  /** A sentence; may hold data. */
  readonly headline: string;
  /** How many observations the verdict rests on. */
  readonly n: number;
  /** Raw; units in the names; `null` where there is nothing to compute it from. */
  readonly numbers: Readonly<Record<string, number | null>>;
  readonly excluded: readonly Excluded[];
  /** Sentences; may hold data. */
  readonly reasons: readonly string[];
}

/** A command that leads on, as words after `grace`. */
export interface Next {
  readonly argv: readonly string[];
  readonly why: string;
}

/** What every report has. The first claim is its headline. */
export interface Report {
  readonly schema: string;
  readonly claims: readonly [Claim, ...Claim[]];
  /** The window holds nothing that the headline could be about. */
  readonly empty: boolean;
  readonly next: Next | null;
}

/** The monitoring-plugin code of each verdict. */
const EXIT_OF: Readonly<Record<Verdict, number>> = { PASS: 0, PARTIAL: 1, FAIL: 2, INCONCLUSIVE: 3 };

/** Worst first: what is known to be bad, what is not known, what is half good. */
const WORST_FIRST: readonly Verdict[] = ['FAIL', 'INCONCLUSIVE', 'PARTIAL', 'PASS'];

export interface ExitRule {
  /** The worst claim counts, not the first. */
  readonly strict: boolean;
  /** Nothing in the window is no failure to tell. */
  readonly emptyIsOk: boolean;
}

/** The exit code a report's claims set. */
export function exitOf({ claims, empty }: Pick<Report, 'claims' | 'empty'>, { strict, emptyIsOk }: ExitRule): number {
  const counted = strict ? claims : claims.slice(0, 1);
  const verdicts = counted
    .map((claim) => claim.verdict)
    .filter((verdict) => !(empty && emptyIsOk && verdict === 'INCONCLUSIVE'));
  return EXIT_OF[WORST_FIRST.find((verdict) => verdicts.includes(verdict)) ?? 'PASS'];
}

/** The exclusions that left anything out. */
export function excluding(...all: readonly Excluded[]): Excluded[] {
  return all.filter(({ n }) => n > 0);
}
