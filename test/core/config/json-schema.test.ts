import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { effectiveFields } from '../../../src/core/config/effective-fields.js';
import { configJsonSchema, type SchemaNode } from '../../../src/core/config/json-schema.js';
import { readConfig } from '../../../src/core/config/read-config.js';
import { ROOT } from '../../support/cli.js';
import { SAMPLE } from './sample.js';

/** Another reader of JSON Schema than the one that made it: only what a schema says counts. */
const validator = z.fromJSONSchema(configJsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);
const isValid = (text: string) => validator.safeParse(parse(text)).success;

describe('the JSON Schema', () => {
  it('is the one in the documentation', () => {
    const documented = readFileSync(join(ROOT, 'docs/grace.schema.json'), 'utf8');
    // Written anew by: grace config show --schema > docs/grace.schema.json && npx biome format --write docs/grace.schema.json
    expect(JSON.parse(documented)).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
  });

  it('takes the sample, and a file whose sections are empty', () => {
    expect(isValid(SAMPLE)).toBe(true);
    expect(isValid('version: 1\nchecks:\nplaybooks:\nnotify:\n')).toBe(true);
  });

  it.each([
    'version: 2',
    'mode: act',
    'version: 1\nz: 1',
    'version: 1\nchecks: { a: { every: 5 } }',
    'version: 1\nchecks: { a: { every: 5x } }',
    'version: 1\nchecks: { "a b": {} }',
    'version: 1\nplaybooks: { p: { steps: [{ wait: soon }] } }',
  ])('refuses %j', (text) => {
    expect(isValid(text)).toBe(false);
  });

  it('has a name, and says what its parts are', () => {
    const schema = configJsonSchema();
    expect(schema).toMatchObject({ $id: 'urn:grace:schema:grace.yaml:1', title: 'grace.yaml', required: ['version'] });
    const check = schema.properties?.checks?.additionalProperties as SchemaNode;
    const without = Object.entries(check.properties ?? {}).filter(([, { description }]) => description === undefined);
    expect(without.map(([key]) => key)).toEqual(['description', 'severity', 'limits']);
  });
});

describe('the effective settings', () => {
  it('are all there, each with its place or as a default', async () => {
    const read = await readConfig(SAMPLE, 'grace.yaml');
    if (!read.ok) throw new Error('the sample is wrong');
    const fields = new Map(effectiveFields(read.sources).map((one) => [one.field, one]));
    expect(fields.get('mode')).toEqual({ field: 'mode', value: 'observe', place: { line: 2, column: 7 } });
    expect(fields.get('checks.web.every')).toMatchObject({ value: '5s', place: { line: 9 } });
    expect(fields.get('checks.disk-root.every')).toEqual({ field: 'checks.disk-root.every', value: '30s' });
    expect(fields.get('checks.disk-root.limits.max')).toEqual({
      field: 'checks.disk-root.limits.max',
      value: ['3/1h', '7/1d'],
    });
    expect(fields.get('checks.web.limits.max')).toMatchObject({ value: ['3/1h', '7/1d'], place: { line: 15 } });
    expect(fields.get('playbooks.restart-web.steps[0].timeout')).toMatchObject({ value: '30s', place: { line: 25 } });
    expect(fields.get('policy.rearm.first')).toEqual({ field: 'policy.rearm.first', value: '15m' });
    expect(fields.get('maintenance')).toEqual({ field: 'maintenance', value: [] });
    expect(fields.has('checks.web.tcp')).toBe(false);
  });

  it('spelled out in a file of their own come to the same', async () => {
    const read = await readConfig(SAMPLE, 'grace.yaml');
    if (!read.ok) throw new Error('the sample is wrong');
    const all: Record<string, unknown> = {};
    for (const { field, value } of effectiveFields(read.sources)) {
      const parts = field.split(/\.|(?=\[)/).map((part) => part.replace(/^\[(\d+)\]$/, '$1'));
      let at = all;
      for (const [i, part] of parts.slice(0, -1).entries()) {
        at[part] ??= /^\d+$/.test(parts[i + 1] ?? '') ? [] : {};
        at = at[part] as Record<string, unknown>;
      }
      at[parts.at(-1) ?? ''] = value;
    }
    const again = await readConfig(JSON.stringify(all, null, 1), 'grace.yaml');
    expect(again).toMatchObject({ ok: true, version: read.version });
  });
});
