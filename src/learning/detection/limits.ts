import type { CheckConfig } from '../../core/config/schema/check-schema.js';

/** A figure of a probe, of those that are read here. */
export interface Figure {
  readonly value: number;
  readonly max?: number;
}

export type Figures = ReadonlyMap<string, Figure>;

/** A numeric limit of a check, whose figure every probe keeps. */
export interface Limit {
  /** As in grace.yaml. */
  readonly field: string;
  readonly unit: 'share' | 'size' | 'duration';
  /** 0–1, bytes, seconds. */
  readonly value: number;
  /** On which side of it the check passes. */
  readonly passes: 'below' | 'above';
  /** False: on the limit it passes, too. */
  readonly failsOn: boolean;
  /** Nothing else fails the check when the figure is known. */
  readonly alone: boolean;
  /** In the unit of `value`. */
  readonly figure: (figures: Figures) => number | undefined;
}

const percentOf = (label: string) => (figures: Figures) => {
  const value = figures.get(label)?.value;
  // As the limit is read from `57%`.
  return value === undefined ? undefined : value / 100;
};
const plain = (label: string) => (figures: Figures) => figures.get(label)?.value;
const ofMax = (label: string) => (figures: Figures) => {
  const figure = figures.get(label);
  // 0 of 0, as where there is no swap, is no number, and crosses nothing.
  return figure?.max === undefined ? undefined : figure.value / figure.max;
};

/**
 * The limits of a check that could be other ones: those of `disk`, `memory`, `process` (`rss_below`) and `heartbeat`.
 * Not those of `tls`, `log` and `process` (`least`, `most`): how many days, lines and processes are right is known and not
 * found out. `http` times, the figures of `command`, and whatever else keeps figures has no limit in grace.yaml that a
 * probe is judged by; `file`, `tcp`, `dns`, `sqlite`, `systemd`, `port_free` and groups keep none.
 */
export function limitsOf({ disk, memory, process, heartbeat }: CheckConfig): Limit[] {
  return [
    ...limit('used_below', 'share', disk?.used_below, percentOf('used')),
    ...limit('free_above', 'size', disk?.free_above, plain('free')),
    ...limit('inodes_used_below', 'share', disk?.inodes_used_below, percentOf('inodes_used')),
    ...availableLimit(memory?.available_above),
    ...limit('swap_used_below', 'share', memory?.swap_used_below, ofMax('swap_used')),
    ...limit('pressure_some_below', 'share', memory?.pressure_some_below, percentOf('pressure_some')),
    ...limit('pressure_full_below', 'share', memory?.pressure_full_below, percentOf('pressure_full')),
    ...limit('rss_below', 'size', process?.rss_below, plain('rss')).map((rss) => ({ ...rss, alone: false })),
    ...limit('within', 'duration', heartbeat?.within, plain('age')).map((age) => ({ ...age, failsOn: false })),
  ];
}

function limit(field: string, unit: Limit['unit'], value: number | undefined, figure: Limit['figure']): Limit[] {
  if (value === undefined) return [];
  return [
    { field, unit, value, passes: field.endsWith('_above') ? 'above' : 'below', failsOn: true, alone: true, figure },
  ];
}

/** At most 1 is a share, as for the check itself. */
function availableLimit(value: number | undefined): Limit[] {
  return value !== undefined && value > 1
    ? limit('available_above', 'size', value, plain('available'))
    : limit('available_above', 'share', value, ofMax('available'));
}

/** Whether a probe with these figures fails by this limit; what is not known does not fail. */
export function isCrossed({ value, passes, failsOn, figure }: Limit, figures: Figures): boolean {
  const found = figure(figures);
  if (found === undefined) return false;
  if (found === value) return failsOn;
  return passes === 'below' ? found > value : found < value;
}
