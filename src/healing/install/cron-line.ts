import { shellQuoted } from '../../core/shell-quoted.js';
import { type Installation, passWords } from './installation.js';

/** A pass every minute from a crontab of that account. `words` hold nothing that a terminal would not show. */
export function cronLine(installation: Installation): string {
  // Cron takes a bare percent sign for the end of the line, in quotes too.
  return `* * * * * ${passWords(installation).map(shellQuoted).join(' ').replaceAll('%', '\\%')}`;
}
