import { type CommandFile, filesOfCommand, type KindOf } from './command-trust.js';
import type { FieldPath } from './field-path.js';
import type { GraceConfig } from './schema/grace-schema.js';

/** A file that the configuration names, and that is believed because it is named. */
export interface NamedFile {
  readonly field: FieldPath;
  /** Absolute. */
  readonly file: string;
  /** `secret`: nobody else may read it. `data`: what it says is taken for true. */
  readonly role: CommandFile['role'] | 'secret' | 'data';
}

/**
 * Every program, script, secret and list of authorities that a configuration names. What a remedy works on (pidfiles, backups,
 * logs) is not among them: it belongs to the services, and the steps look at it when they use it. `kindOf` says of a program
 * what it does with its arguments; without it every program may run them.
 */
export function namedFiles(config: GraceConfig, kindOf?: KindOf): NamedFile[] {
  const found: NamedFile[] = [];
  const add = (role: NamedFile['role'], field: FieldPath, file: string | undefined) => {
    if (file !== undefined) found.push({ field, file, role });
  };
  const addArgv = (field: FieldPath, argv: readonly string[] = [], cwd?: string) => {
    for (const { index, file, role } of filesOfCommand(argv, cwd, kindOf)) add(role, [...field, index], file);
  };

  for (const [name, { http, tls, command }] of Object.entries(config.checks)) {
    const field = ['checks', name];
    addArgv([...field, 'command', 'run'], command?.run);
    add('data', [...field, 'http', 'ca_file'], http?.ca_file);
    add('data', [...field, 'tls', 'ca_file'], tls?.ca_file);
  }
  for (const [name, playbook] of Object.entries(config.playbooks)) {
    for (const list of ['steps', 'rollback'] as const) {
      for (const [i, { run, restart, http }] of playbook[list].entries()) {
        const field = ['playbooks', name, list, i];
        addArgv([...field, 'run'], run);
        addArgv([...field, 'restart', 'start'], restart?.start, restart?.cwd);
        addArgv([...field, 'restart', 'stop'], restart?.stop, restart?.cwd);
        add('secret', [...field, 'http', 'authorization_file'], http?.authorization_file);
      }
    }
  }
  for (const [i, { run, webhook }] of config.notify.entries()) {
    addArgv(['notify', i, 'run'], run);
    add('secret', ['notify', i, 'webhook', 'secret_file'], webhook?.secret_file);
  }
  return found;
}
