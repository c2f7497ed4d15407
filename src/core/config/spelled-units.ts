/** Durations, sizes and shares as people write them elsewhere, in the spelling of grace.yaml. */

const UNITS = ['w', 'd', 'h', 'm', 's', 'ms'] as const;
type Unit = (typeof UNITS)[number];
const UNIT_MS: Readonly<Record<Unit, number>> = {
  ...{ w: 604_800_000, d: 86_400_000, h: 3_600_000 },
  ...{ m: 60_000, s: 1000, ms: 1 },
};

const UNIT_WORDS: readonly (readonly [RegExp, Unit])[] = [
  [/^(ms|msecs?|millis|milliseconds?)$/i, 'ms'],
  [/^(s|secs?|seconds?)$/i, 's'],
  // A great M is a month elsewhere.
  [/^(m|[Mm]ins?|[Mm]inutes?)$/, 'm'],
  [/^(h|hrs?|hours?)$/i, 'h'],
  [/^(d|days?)$/i, 'd'],
  [/^(w|wks?|weeks?)$/i, 'w'],
];

/** `5` is most likely 5s, else 5ms; `5 sec` is 5s, `1h30m` is 90m. */
export function durationSpelled(text: string): string[][] {
  if (/^\d+(\.\d+)?$/.test(text)) return [[`${text}s`], [`${text}ms`]];
  const parts = [...text.matchAll(/(\d+(?:[.,]\d+)?|\.\d+)\s*([A-Za-z]+)\s*/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return [];
  const units = parts.map(([, , word = '']) => UNIT_WORDS.find(([named]) => named.test(word))?.[1]);
  const [unit] = units;
  if (unit === undefined || units.includes(undefined)) return [];
  const amounts = parts.map(([, amount = '']) => Number(amount.replace(',', '.')));
  if (parts.length === 1) return [[`${amounts[0]}${unit}`]];
  const total_ms = amounts.reduce((sum, amount, i) => sum + amount * UNIT_MS[units[i] ?? 'ms'], 0);
  const even = UNITS.find((one) => total_ms % UNIT_MS[one] === 0);
  return even === undefined ? [] : [[`${total_ms / UNIT_MS[even]}${even}`]];
}

/** `90` and `90 percent` are 90%, `0.9` is 90% as well; a bare 1 may be either. */
export function sharesSpelled(text: string): string[] {
  const [, amount = '', percent] = /^(\d*[.,]?\d+)\s*(%|percent|pct)?$/i.exec(text) ?? [];
  const number = Number(amount.replace(',', '.'));
  if (amount === '' || Number.isNaN(number)) return [];
  const asShare = `${Number((number * 100).toPrecision(12))}%`;
  if (percent === undefined && number > 0 && number < 1) return [asShare];
  return percent === undefined && number === 1 ? ['1%', asShare] : [`${number}%`];
}

/** `512M` and `512 mib` are 512MiB, `10gb` is 10GB; a bare number may be of bytes or of more. */
export function sizesSpelled(text: string): string[] {
  const [, amount, prefix = '', binary, b] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)(b|bytes?)?$/i.exec(text) ?? [];
  if (amount === undefined) return [];
  const great = prefix.toUpperCase();
  if (great === '') return b === undefined && binary === '' ? [`${amount}B`, `${amount}MiB`] : [`${amount}B`];
  // As systemd, docker and df -h have it: without a B, a step is 1024.
  if (binary !== '' || b === undefined) return [`${amount}${great}iB`];
  return [`${amount}${great === 'K' ? 'k' : great}B`];
}
