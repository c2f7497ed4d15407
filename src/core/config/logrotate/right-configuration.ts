import { LOG_NAMES, logPath } from '../../journal/log-files.js';

/** The account that a directory belongs to, and its group. */
export interface Owner {
  readonly user: string;
  readonly group: string;
}

/**
 * A rule that is right for the logs of a directory, whatever the globals say: it renames, leaves it to grace to make the
 * new file, and removes nothing. Names by date are given once and for all; but where old files have numbers new ones
 * must have them too, since files with a date count as older.
 */
export function rightConfiguration(dir: string, owner: Owner | undefined, by: 'date' | 'number'): string {
  const directives = [
    ...(owner === undefined ? [] : [`su ${owner.user} ${owner.group}`]),
    'monthly',
    'rotate 1000',
    'maxage 0',
    ...(by === 'date' ? ['dateext', 'dateformat -%Y%m%d-%s'] : ['nodateext', 'start 1']),
    'missingok',
    'notifempty',
    'nocreate',
    'noolddir',
    'nocopy',
    'nocopytruncate',
    'norenamecopy',
    'nocompress',
    'noshred',
    'ignoreduplicates',
  ];
  const patterns = LOG_NAMES.map((log) => quotedPattern(logPath(dir, log)));
  return `${patterns.join('\n')} {\n${directives.map((line) => `    ${line}\n`).join('')}}\n`;
}

/** As a pattern that names this very file. logrotate knows no way to write a brace: a wildcard stands for it. */
function quotedPattern(path: string): string {
  const pattern = path
    .replace(/[*?[\]\\"]/g, '\\$&')
    .replace(/[{}]/g, '?')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffd]/gu, '*');
  return `"${pattern}"`;
}
