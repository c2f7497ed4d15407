import type { Account } from './installation.js';
import type { Needs } from './needs.js';
import { unitWord } from './unit-word.js';

/** What a service may do, and where. */
export interface Hardened {
  readonly needs: Needs;
  readonly account: Account;
  /** Directories in which grace itself writes. */
  readonly directories: readonly string[];
  /** What of grace's own lies in a directory for temporary files. */
  readonly temporary: readonly string[];
}

const MOST_FIELDS = 3;

/**
 * The settings that keep a service from what its configuration does not ask for, and a comment for each that would keep it
 * from what it does ask for.
 */
export function hardening(hardened: Hardened): string[] {
  const { needs } = hardened;
  if (needs.services.length > 0) return ofServices(hardened);
  if (needs.programs.length > 0) return ofPrograms(hardened);
  return [
    ...ALWAYS,
    ...ofFiles(hardened),
    ...ofCapabilities(hardened),
    ...ofNetwork(needs),
    ...ofTemporary([...hardened.temporary, ...needs.temporary]),
    'UMask=0027',
    'NoNewPrivileges=yes',
    'PrivateDevices=yes',
    'PrivateMounts=yes',
    'DevicePolicy=closed',
    'ProtectKernelTunables=yes',
    'RestrictNamespaces=yes',
    ...SYSTEM_CALLS,
    ...(needs.owners.length > 0
      ? [
          'SystemCallFilter=@chown',
          ...why('@chown', 'files that are made anew get the owner of the former ones', needs.owners),
        ]
      : []),
    '# Off, as every host has it: MemoryDenyWriteExecute=, since Node compiles while it runs; AF_UNIX, since systemd is told how',
    '# it is; ProtectProc= and ProcSubset=, since whether the process of another grace is alive shows in /proc; PrivateUsers=',
    '# and RootDirectory=, since it is this host with its accounts that is looked at.',
    ...(hardened.account.uid === 0
      ? ['# User= is off: it runs as root. As another account with: grace heal install --user NAME']
      : ['RemoveIPC=yes']),
  ];
}

/** A program that goes on running takes everything over that holds for grace. */
function ofServices({ needs: { services }, account }: Hardened): string[] {
  return [
    ...why(
      'No sandbox',
      'these go on running with what holds for grace, and what they need is not known here',
      services,
    ),
    '# As units of their own, restarted with restart: { unit: NAME }, they would leave grace in one.',
    ...ALL_OFF,
    '# KeyringMode=, LockPersonality=, ProtectControlGroups=, ProtectHostname=, RestrictNamespaces=, RestrictRealtime=,',
    '# RestrictSUIDSGID=, RestrictAddressFamilies=, SystemCallArchitectures=, SystemCallFilter=, CapabilityBoundingSet=',
    ...noMoreRights(account),
    'ProtectClock=yes',
    'ProtectKernelLogs=yes',
    'ProtectKernelModules=yes',
  ];
}

/** What they write, open and become is theirs to know; a sandbox that they break against at night heals nothing. */
function ofPrograms({ needs: { programs }, account }: Hardened): string[] {
  return [
    ...why('Most of the sandbox is off', 'what these programs need is not known here', programs),
    ...ALL_OFF,
    ...noMoreRights(account),
    ...ALWAYS,
    'DevicePolicy=closed',
    'RestrictNamespaces=yes',
    'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET',
    `CapabilityBoundingSet=~${NO_REMEDY}`,
    'SystemCallFilter=~@clock @cpu-emulation @module @obsolete @raw-io @reboot',
    'SystemCallErrorNumber=EPERM',
  ];
}

const ALL_OFF = [
  '# Take from them with systemctl edit what they do not need. Off are ProtectSystem=, ProtectHome=, PrivateTmp=,',
  '# PrivateDevices=, PrivateMounts=, PrivateNetwork=, IPAddressDeny=, PrivateUsers=, ProtectProc=, ProcSubset=,',
  '# ProtectKernelTunables=, NoNewPrivileges=, MemoryDenyWriteExecute=, RootDirectory=, RemoveIPC=, UMask=, DeviceAllow=, User=',
];

/** What is left of the sandbox has that effect on every account but root. */
function noMoreRights({ uid }: Account): string[] {
  return uid === 0 ? [] : ['# None of them gets more rights than this account has: sudo does not work here.'];
}

/** To load modules, to set the clock, to reboot by itself. To write to the audit is what su asks for. */
const NO_REMEDY = [
  'CAP_AUDIT_CONTROL CAP_AUDIT_READ CAP_BLOCK_SUSPEND CAP_LEASE CAP_MAC_ADMIN CAP_MAC_OVERRIDE CAP_MKNOD',
  'CAP_SYSLOG CAP_SYS_BOOT CAP_SYS_MODULE CAP_SYS_PACCT CAP_SYS_RAWIO CAP_SYS_TIME CAP_SYS_TTY_CONFIG CAP_WAKE_ALARM',
].join(' ');

/** What no remedy has to do with. */
const ALWAYS = [
  'KeyringMode=private',
  'LockPersonality=yes',
  'ProtectClock=yes',
  'ProtectControlGroups=yes',
  'ProtectHostname=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'SystemCallArchitectures=native',
];

const SYSTEM_CALLS = [
  'SystemCallFilter=@system-service',
  'SystemCallFilter=~@privileged @resources',
  'SystemCallErrorNumber=EPERM',
];

function ofFiles({ needs, directories }: Hardened): string[] {
  const others = needs.directories.filter((directory) => !directories.includes(directory));
  return [
    'ProtectSystem=strict',
    '# Read-only and not hidden: what is looked at, and the key, may lie there.',
    'ProtectHome=read-only',
    '# These have to be there before it starts.',
    ...directories.map((directory) => `ReadWritePaths=${unitWord(directory)}`),
    ...(others.length > 0 ? why('ReadWritePaths=', 'remedies and checks write there', needs.writes) : []),
    // They need not be there when it starts.
    ...others.map((directory) => `ReadWritePaths=${optional(directory)}`),
  ];
}

/** The dash stands before the quotes only where there are none. */
function optional(directory: string): string {
  const word = unitWord(directory);
  return word.startsWith('"') ? `"-${word.slice(1)}` : `-${word}`;
}

function ofCapabilities({ needs, account }: Hardened): string[] {
  const { signals, processes, reads, writes, owners } = needs;
  const wanted: [capability: string, text: string, fields: readonly string[]][] = [
    ['CAP_KILL', "other accounts' processes are ended or signalled", signals],
    ['CAP_SYS_PTRACE', "what other accounts' processes run and have open is looked at; nothing is traced", processes],
    ['CAP_DAC_READ_SEARCH', "other accounts' files and processes are looked at", [...reads, ...processes]],
    ['CAP_DAC_OVERRIDE', "other accounts' files are written or deleted", writes],
    ['CAP_CHOWN CAP_FOWNER', 'files that are made anew get the owner of the former ones', owners],
  ];
  const needed = wanted.filter(([, , fields]) => fields.length > 0);
  const all = needed.map(([capability]) => capability).join(' ');
  return [
    ...needed.flatMap(([capability, text, fields]) => why(capability, text, fields)),
    `CapabilityBoundingSet=${all}`,
    ...(account.uid === 0 ? [] : [`AmbientCapabilities=${all}`]),
  ];
}

function ofNetwork({ network, loopback, ports }: Needs): string[] {
  if (network.length > 0) {
    return [
      ...why('PrivateNetwork= and IPAddressDeny= are off', 'others are talked to', network),
      'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6',
    ];
  }
  if (loopback.length > 0) {
    return [
      ...why('PrivateNetwork= is off', 'this host is talked to, and no other', loopback),
      'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6',
      'IPAddressDeny=any',
      'IPAddressAllow=localhost',
    ];
  }
  const alone = ['RestrictAddressFamilies=AF_UNIX', 'IPAddressDeny=any'];
  if (ports.length === 0) return [...alone, 'PrivateNetwork=yes'];
  return [...alone, ...why('PrivateNetwork= is off', 'who listens on this host is looked up', ports)];
}

function ofTemporary(temporary: readonly string[]): string[] {
  if (temporary.length === 0) return ['PrivateTmp=yes'];
  return why('PrivateTmp= is off', 'the directories of temporary files are looked at', temporary);
}

function why(what: string, text: string, fields: readonly string[]): string[] {
  const all = [...new Set(fields)];
  const more = all.length > MOST_FIELDS ? `, and ${all.length - MOST_FIELDS} more` : '';
  return [`# ${what}: ${text} (${all.slice(0, MOST_FIELDS).join(', ')}${more})`];
}
