import type { Check } from '../check.js';

/** A failure that stands in no log, because nothing can be recorded. */
export interface Unrecorded extends Pick<Check, 'target' | 'failure_mode' | 'severity'> {
  readonly check: string;
  /** What the check said. */
  readonly error: string;
  readonly reason: string;
}

/** A channel that has refused it is asked again after so long; one that has taken it, not at all. */
const AGAIN_S = 60;

/** Of which checks a channel was told so: once each, until something can be recorded again. Nothing else remembers it. */
export class ToldUnrecorded {
  readonly #notBefore = new Map<string, number>();

  /** Whether it is to be told now; then it is being told. */
  begin(check: string, now_s: number): boolean {
    if ((this.#notBefore.get(check) ?? -Infinity) > now_s) return false;
    this.#notBefore.set(check, Infinity);
    return true;
  }

  refused(check: string, now_s: number): void {
    this.#notBefore.set(check, now_s + AGAIN_S);
  }

  forget(): void {
    this.#notBefore.clear();
  }
}
