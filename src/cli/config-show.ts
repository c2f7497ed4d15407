import { basename } from 'node:path';
import { type EffectiveField, effectiveFields } from '../core/config/effective-fields.js';
import { loadConfig } from '../core/config/load-config.js';
import { EXIT } from '../core/errors.js';
import { kindDefaults } from '../healing/kind-defaults.js';
import { configKnowledge } from './config-knowledge.js';
import { noteDistrust } from './config-notes.js';
import type { Context } from './context.js';
import { renderTable, type TableColumn } from './output/table.js';
import type { WhereOptions } from './where.js';

export interface ConfigShowOptions extends WhereOptions {
  readonly json?: boolean;
  readonly schema?: boolean;
}

const COLUMNS: TableColumn[] = [{ header: 'setting', grow: 0 }, { header: 'value' }, { header: 'from', grow: 0 }];

export async function runConfigShow(ctx: Context, options: ConfigShowOptions): Promise<number> {
  if (options.schema) {
    const [{ configJsonSchema }, { writeJson }] = await Promise.all([
      import('../core/config/json-schema.js'),
      import('./output/json.js'),
    ]);
    writeJson(ctx.out, configJsonSchema());
    return EXIT.done;
  }
  const where = { cwd: ctx.cwd, env: ctx.env, config: options.config };
  const loaded = await loadConfig(where, { ...configKnowledge, trust: 'told' });
  const { path, version, config } = loaded;
  const defaults = kindDefaults(config);
  const fields = effectiveFields(loaded.sources, (field) => defaults.get(field));
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    const settings = fields.map(({ field, value, place, of }) => ({
      ...{ field, value, line: place?.line ?? null },
      ...(of === undefined ? {} : { default_of: of }),
    }));
    writeJson(ctx.out, { schema: 'grace.config/1', path, version, config, settings });
  } else {
    const rows = fields.map((one) => [one.field, shown(one.value), from(one, basename(path))]);
    ctx.out.write(await renderTable(COLUMNS, rows, ctx.out, await ctx.style()));
    ctx.err.write(`${version}\n`);
  }
  noteDistrust(ctx, loaded, options);
  return EXIT.done;
}

function from({ place, of }: EffectiveField, file: string): string {
  if (place !== undefined) return `${file}:${place.line}`;
  return of === undefined ? 'default' : `default of ${of}`;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value ?? null).replaceAll('","', '", "');
}
