import { commandFileFaults, type KindOf } from './command-trust.js';
import type { ConfigFault } from './config-fault.js';
import { type FieldPath, fieldOf } from './field-path.js';
import { type NamedFile, namedFiles } from './named-files.js';
import type { ConfigSources } from './read-config.js';
import type { GraceConfig } from './schema/grace-schema.js';
import { absence, ownershipFaults, secretFaults } from './trusted-file.js';

/**
 * Whether others than root and this account could change the configuration, or what runs because of it: then they could do
 * what this account may. What is merely not there yet is a warning.
 */
export function configTrust(
  path: string,
  { config, sources }: { readonly config: GraceConfig; readonly sources: ConfigSources },
  kindOf?: KindOf,
): { readonly faults: ConfigFault[]; readonly warnings: ConfigFault[] } {
  const at = (field: FieldPath, message: string): ConfigFault => {
    const place = sources.places.get(fieldOf(field)) ?? { line: 1, column: 1 };
    return { path, ...place, field: fieldOf(field), message };
  };
  const faults = fileTrust(path);
  const warnings: ConfigFault[] = [];
  const judged = new Map<string, Verdict>();
  for (const { field, file, role } of namedFiles(config, kindOf)) {
    const key = `${role} ${file}`;
    const verdict = judged.get(key) ?? judge(file, role);
    judged.set(key, verdict);
    faults.push(...verdict.distrust.map((message) => at(field, message)));
    if (verdict.distrust.length === 0 && verdict.missing !== undefined) warnings.push(at(field, verdict.missing));
  }
  return { faults, warnings };
}

/** The same of the file alone. */
export function fileTrust(path: string): ConfigFault[] {
  return ownershipFaults(path).map((message) => ({ path, line: 1, column: 1, field: '', message }));
}

interface Verdict {
  readonly distrust: readonly string[];
  readonly missing?: string | undefined;
}

function judge(file: string, role: NamedFile['role']): Verdict {
  switch (role) {
    case 'script':
    case 'argument':
      return { distrust: commandFileFaults({ file, role }) };
    case 'secret':
      return { distrust: secretFaults(file), missing: absence(file, 'file') };
    case 'program':
      return { distrust: commandFileFaults({ file, role }), missing: absence(file, 'program') };
    case 'data':
      return { distrust: ownershipFaults(file), missing: absence(file, 'file') };
  }
}
