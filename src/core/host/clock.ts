/** Where time comes from. Dates are UTC; durations run on the monotonic clock, which no clock change moves. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Seconds since boot, monotonic; comparable between processes of one boot. */
  elapsed(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => Number(process.hrtime.bigint()) / 1e9,
};
