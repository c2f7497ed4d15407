import { posix } from 'node:path';
import { hardening } from './hardening.js';
import { type Installation, passWords, watchWords } from './installation.js';
import { isTemporary } from './needs.js';
import { execWord, unitWord } from './unit-word.js';

export const WATCH_UNIT = 'grace-heal.service';
export const PASS_UNIT = 'grace-heal-run.service';
export const PASS_TIMER = 'grace-heal-run.timer';

/** The service that watches. */
export function unitText(installation: Installation): string {
  return text([
    ...head(installation),
    '[Unit]',
    'Description=grace: watches this host and heals it',
    'After=network.target local-fs.target remote-fs.target',
    '# It never gives up for good, however often it ends.',
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    'Type=notify',
    "# systemd-notify, a child, speaks for it: Node has no sockets of the kind that systemd's are.",
    'NotifyAccess=all',
    `ExecStart=${watchWords(installation).map(execWord).join(' ')}`,
    '# It also looks by itself whether the configuration has changed.',
    'ExecReload=/bin/kill -HUP $MAINPID',
    '# A registry that has to be built anew is built before it says that it is ready.',
    'TimeoutStartSec=10min',
    'WatchdogSec=30',
    'Restart=always',
    'RestartSec=1',
    '# A configuration that is wrong or not trusted is mended by a person, not by another start.',
    'RestartPreventExitStatus=2 4',
    ...survival,
    'TimeoutStopSec=30',
    ...service(installation),
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ]);
}

/** One pass, for the timer of {@link timerText}. It has failed while something is wrong and was not healed. */
export function passText(installation: Installation): string {
  return text([
    ...head(installation),
    '[Unit]',
    'Description=grace: looks at this host once, and heals it',
    'After=network.target local-fs.target remote-fs.target',
    '',
    '[Service]',
    'Type=oneshot',
    `ExecStart=${passWords(installation).map(execWord).join(' ')}`,
    ...survival,
    ...service({ ...installation, metrics: undefined }),
  ]);
}

const survival = [
  '# What a remedy has started, such as a service of its own, outlives grace. A remedy that is under way is ended by grace',
  '# itself: when it is told to stop, and after a crash by the next one to start, which finds what it left.',
  'KillMode=process',
  '# What runs out of memory is ended alone, and not grace with it.',
  'OOMPolicy=continue',
];

function head({ config, config_version, account }: Installation): string[] {
  return [
    `# Made by grace heal install for ${config}`,
    `# (${config_version}). What it may do follows from what that file asks for: after it has come to ask for`,
    '# more, make this anew with grace heal install --force, then systemctl daemon-reload.',
    ...(account.uid === 0
      ? []
      : ['# To restart units, its account needs a rule of polkit: org.freedesktop.systemd1.manage-units.']),
    '',
  ];
}

function service(installation: Installation): string[] {
  const { account, state, key, needs } = installation;
  const own = `${account.home}/.local/state`;
  const environment = [
    // Where commands by hand look for the key, too.
    `HOME=${account.home}`,
    ...(state === own ? [] : [`XDG_STATE_HOME=${state}`]),
    ...(key === undefined ? [] : [`GRACE_KEY=${key}`]),
  ];
  const logs = ofStateDirectory(installation.logs);
  return [
    ...(account.uid === 0 ? [] : [`User=${unitWord(account.name)}`]),
    ...environment.map((variable) => `Environment=${unitWord(variable)}`),
    ...(logs === undefined ? [] : [`StateDirectory=${logs}`, 'StateDirectoryMode=0750']),
    '',
    ...hardening({ needs, account, directories: writable(installation), temporary: temporary(installation) }),
  ];
}

/** systemd makes a directory of this kind when it is not there. */
export function ofStateDirectory(logs: string): string | undefined {
  return /^\/var\/lib\/([\w][\w.-]*(?:\/[\w][\w.-]*)*)\/?$/.exec(logs)?.[1];
}

/** Directories that have to be there before it starts. */
export function writable({ logs, state, key, metrics }: Installation): string[] {
  return [
    ...(ofStateDirectory(logs) === undefined ? [logs] : []),
    key === undefined ? posix.join(state, 'grace') : posix.dirname(key),
    ...(metrics === undefined ? [] : [posix.dirname(metrics)]),
  ];
}

function temporary({ node, program, config, logs, state, key, metrics }: Installation): string[] {
  const own = { node, program, '--config': config, '--logs': logs, state, GRACE_KEY: key, '--metrics': metrics };
  return Object.entries(own).flatMap(([name, path]) => (path !== undefined && isTemporary(path) ? [name] : []));
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
