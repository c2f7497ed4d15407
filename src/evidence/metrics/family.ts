/** All series of one name. A family without samples is not shown: what is not known has no value. */
export interface Family {
  /** Without `_total` and its like. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary' | 'info';
  /** Of the values, and the end of the name. */
  readonly unit?: 'seconds';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** What the sample's name has after the family's. */
  readonly suffix: '' | '_total' | '_bucket' | '_sum' | '_count' | '_info';
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
