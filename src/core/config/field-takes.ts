import { z } from 'zod';
import type { FieldPath } from './field-path.js';
import { graceSchema } from './schema/grace-schema.js';

/** What reads that field of grace.yaml: several where its place may hold things of several kinds, none where it is unknown. */
export function readersOf(field: FieldPath): readonly z.ZodType[] {
  let readers: readonly z.core.$ZodType[] = [graceSchema];
  for (const part of field) readers = readers.flatMap((reader) => inside(reader, part));
  return readers as readonly z.ZodType[];
}

/** Whether that value could stand there, looked at by itself. */
export function fieldTakes(field: FieldPath, value: unknown): boolean {
  return readersOf(field).some((reader) => reader.safeParse(value).success);
}

function inside(reader: z.core.$ZodType, part: string | number): readonly z.core.$ZodType[] {
  if (reader instanceof z.ZodOptional || reader instanceof z.ZodDefault || reader instanceof z.ZodPrefault) {
    return inside(reader.def.innerType, part);
  }
  if (reader instanceof z.ZodUnion) return reader.def.options.flatMap((option) => inside(option, part));
  if (reader instanceof z.ZodArray) return typeof part === 'number' ? [reader.def.element] : [];
  if (reader instanceof z.ZodRecord) return [reader.def.valueType];
  if (reader instanceof z.ZodObject) {
    const shape: Readonly<Record<string, z.core.$ZodType>> = reader.def.shape;
    const found = Object.hasOwn(shape, part) ? shape[part] : undefined;
    return found === undefined ? [] : [found];
  }
  return [];
}
