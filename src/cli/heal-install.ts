import { closeSync, existsSync, fsyncSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EXIT, OperatorError, systemErrorSentence } from '../core/errors.js';
import { effectiveUid } from '../core/host/account.js';
import { accountName, inspectDirectory } from '../core/journal/directory.js';
import { replaceFile, writeWhole } from '../core/journal/replace-file.js';
import { readSmallFile } from '../core/journal/small-file.js';
import { fsyncDirectory } from '../core/journal/sync.js';
import { stateDirectoryOf } from '../core/seal/key-file.js';
import { shellArguments, shellQuoted } from '../core/shell-quoted.js';
import { cronLine } from '../healing/install/cron-line.js';
import type { Account, Installation } from '../healing/install/installation.js';
import { needsOf } from '../healing/install/needs.js';
import { timerText } from '../healing/install/timer-text.js';
import {
  ofStateDirectory,
  PASS_TIMER,
  PASS_UNIT,
  passText,
  unitText,
  WATCH_UNIT,
  writable,
} from '../healing/install/unit-text.js';
import type { Context } from './context.js';
import { loadForHealing } from './healing.js';
import { nextCommand } from './next-command.js';
import { escapeText } from './output/escape.js';
import { notWritten } from './output-file.js';
import { findLogs } from './reading.js';
import type { WhereOptions } from './where.js';

export type HealInstallOptions = WhereOptions & {
  readonly dryRun?: boolean;
  /** The account that it runs as; without it the owner of the logs, else root. */
  readonly user?: string;
  readonly metrics?: string;
  readonly force?: boolean;
};

/** Where units of this host's administrator are. */
const UNIT_DIRECTORY = '/etc/systemd/system';
const MODE = 0o644;
const MAX_UNIT_BYTES = 1 << 20;
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Writes the units of the watch and of a timer; which of them runs is for the operator to say. */
export async function runHealInstall(
  ctx: Context,
  options: HealInstallOptions,
  directory = UNIT_DIRECTORY,
): Promise<number> {
  if (!options.dryRun) requireRoot(ctx);
  const installation = await installationOf(ctx, options);
  const units = [
    { name: WATCH_UNIT, text: unitText(installation) },
    { name: PASS_UNIT, text: passText(installation) },
    { name: PASS_TIMER, text: timerText() },
  ];
  if (options.dryRun) {
    for (const { name, text } of units) ctx.out.write(`## ${join(directory, name)}\n${escapeLines(text)}\n`);
    ctx.out.write(`## or a line of crontab -e, as ${installation.account.name}\n${cronLine(installation)}\n`);
    return EXIT.done;
  }
  const texts = units.map(({ name, text }) => ({ path: join(directory, name), text }));
  if (!options.force) for (const one of texts) requireAbsent(one);
  for (const { path, text } of texts) writeUnit(path, text, options.force === true);
  ctx.out.write(`${escapeLines(next(installation, texts))}\n`);
  return EXIT.done;
}

async function installationOf(ctx: Context, options: HealInstallOptions): Promise<Installation> {
  const { dryRun, metrics } = options;
  const loaded = await loadForHealing(ctx, options, dryRun !== true);
  const logs = await findLogs(ctx, options);
  const account = accountFor(options, logs);
  const { XDG_STATE_HOME = '', GRACE_KEY: key } = ctx.env;
  const { home: HOME } = account;
  const installation: Installation = {
    node: ctx.nodePath,
    program: join(ctx.home, 'bin/grace.js'),
    config: loaded.path,
    config_version: loaded.version,
    logs,
    metrics: metrics === undefined ? undefined : resolve(ctx.cwd, metrics),
    account,
    state: stateDirectoryOf({ XDG_STATE_HOME, HOME }) ?? join(HOME, '.local/state'),
    key: key ? resolve(ctx.cwd, key) : undefined,
    needs: needsOf(loaded.config),
  };
  const { node, program, config, state } = installation;
  for (const path of [node, program, config, logs, state, installation.metrics, installation.key]) {
    if (path !== undefined && UNSEEN.test(path)) throw unseen(path);
  }
  return installation;
}

/** One account owns a log directory; others are refused there at every start. */
function accountFor(options: HealInstallOptions, logs: string): Account {
  const { user } = options;
  const { exists, uid } = inspectDirectory(logs);
  const accounts = readAccounts();
  const named = accounts.find((account) =>
    user === undefined ? account.uid === (exists ? uid : 0) : account.name === user,
  );
  if (user !== undefined && named === undefined) {
    throw new OperatorError('GRACE_USAGE', EXIT.usage, `--user ${user}: there is no such account in /etc/passwd`, {
      hint: `useradd --system ${shellArguments(user)}   # or name one that is there`,
    });
  }
  const account = named ?? ROOT;
  if (exists && account.uid !== uid) {
    const owner = accountName(uid);
    throw new OperatorError('GRACE_NOT_OWNER', EXIT.refused, `${logs} belongs to ${owner}, who alone writes there`, {
      hint: `${nextCommand(['heal', 'install', '--user', owner], options)}   # or name other logs: --logs DIR`,
    });
  }
  return account;
}

const ROOT: Account = { name: 'root', uid: 0, home: '/root' };

function readAccounts(): Account[] {
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [name = '', , uid = '', , , home = ''] = line.split(':');
      return name !== '' && /^\d+$/.test(uid) && home.startsWith('/') ? [{ name, uid: Number(uid), home }] : [];
    });
}

function requireRoot(ctx: Context): void {
  if (effectiveUid() === 0) return;
  throw new OperatorError('GRACE_NEEDS_ROOT', EXIT.refused, 'only root may install units', {
    hint: `sudo ${ctx.invocation}   # or see what would be written: --dry-run`,
  });
}

interface Unit {
  readonly path: string;
  readonly text: string;
}

/** One that says the same may stay. */
function requireAbsent({ path, text }: Unit): void {
  if (!existsSync(path) || readSmallFile(path, MAX_UNIT_BYTES)?.toString('utf8') === text) return;
  throw new OperatorError('GRACE_EXPORT_EXISTS', EXIT.refused, `${path} is there already, and says something else`, {
    hint: `systemctl cat ${shellArguments(path)}   # to write over it: --force`,
  });
}

function writeUnit(path: string, text: string, mayReplace: boolean): void {
  try {
    if (mayReplace) replaceFile(path, text, MODE);
    else writeNew(path, text);
  } catch (error) {
    const sentence = systemErrorSentence(error);
    throw sentence === undefined ? error : notWritten(path, sentence, error);
  }
}

function writeNew(path: string, text: string): void {
  let fd: number;
  try {
    fd = openSync(path, 'wx', MODE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // As it should be: what says something else is refused.
    requireAbsent({ path, text });
    return;
  }
  try {
    writeWhole(fd, Buffer.from(text));
    fsyncSync(fd);
    fsyncDirectory(dirname(path));
  } catch (error) {
    // Half of it would look like a whole one.
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** What is left for the operator to do, in commands that can be pasted. */
function next(installation: Installation, units: readonly Unit[]): string {
  const { account, logs } = installation;
  const missing = writable(installation).filter((directory) => !existsSync(directory));
  const own = missing.map((directory) => {
    const mode = directory === logs ? '0750' : '0700';
    return `install -d -m ${mode} -o ${shellQuoted(account.name)} ${shellArguments(directory)}`;
  });
  return [
    `wrote ${units.map(({ path }) => path).join(', ')}; nothing runs yet. Then:`,
    ...own.map((command) => `  ${command}`),
    '  systemctl daemon-reload && systemctl enable --now grace-heal',
    'or, for a pass every minute in its stead:',
    '  systemctl daemon-reload && systemctl enable --now grace-heal-run.timer',
    `or, without systemd, in crontab -e as ${account.name}:`,
    `  ${cronLine(installation)}`,
    ...(ofStateDirectory(logs) === undefined ? [] : [`systemd makes ${logs} when it is not there.`]),
  ].join('\n');
}

function unseen(path: string): OperatorError {
  return new OperatorError('GRACE_USAGE', EXIT.usage, `${path} holds a character that cannot stand in a unit`, {
    hint: `ls -lb ${shellArguments(dirname(path))}`,
  });
}

function escapeLines(text: string): string {
  return text.split('\n').map(escapeText).join('\n');
}
