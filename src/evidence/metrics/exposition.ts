import type { Family, Sample } from './family.js';

/** The text of OpenMetrics 1.0, for whoever scrapes or reads it. */
export function openMetricsText(families: readonly Family[]): string {
  const text = families.filter(hasSamples).map((family) => {
    const { name, type, unit, help, samples } = family;
    return [
      `# TYPE ${name} ${type}`,
      ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
      `# HELP ${name} ${escaped(help)}`,
      ...samples.map((sample) => sampleLine(name, sample)),
    ];
  });
  return [...text.flat(), '# EOF', ''].join('\n');
}

/**
 * The text format 0.0.4 of Prometheus, for the textfile collector: the same samples. It has no word for the end, none for
 * a unit, none for `info`, and calls a counter by the name of its sample.
 */
export function prometheusText(families: readonly Family[]): string {
  const text = families.filter(hasSamples).map(({ name: base, type, help, samples }) => {
    const name = type === 'counter' ? `${base}_total` : type === 'info' ? `${base}_info` : base;
    return [
      // Quotes stand as they are here, and only here.
      `# HELP ${name} ${escaped(help).replaceAll('\\"', '"')}`,
      `# TYPE ${name} ${type === 'info' ? 'gauge' : type}`,
      ...samples.map((sample) => sampleLine(base, sample)),
    ];
  });
  return [...text.flat(), ''].join('\n');
}

function hasSamples({ samples }: Family): boolean {
  return samples.length > 0;
}

function sampleLine(name: string, { suffix, labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${suffix}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
