/** Why something that came from outside is not what it should be: a sentence without its end, and nothing secret. */
export interface Refusal {
  readonly ok: false;
  readonly reason: string;
}

export function refused(reason: string): Refusal {
  return { ok: false, reason };
}
