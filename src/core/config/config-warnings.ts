import type { ExtraFault } from './config-fault.js';
import { matchesPattern } from './name-pattern.js';
import type { CheckConfig } from './schema/check-schema.js';
import type { GraceConfig } from './schema/grace-schema.js';

/** What a configuration may say, and its author probably did not mean. */
export function configWarnings(config: GraceConfig): ExtraFault[] {
  return [
    ...unusedPlaybooks(config),
    ...namedTwice(config),
    ...credentials(config),
    ...plainWebhooks(config),
    ...maintenanceOfNone(config),
    ...graceItself(config),
  ].map((warning) => ({ ...warning, warning: true }));
}

function unusedPlaybooks({ checks, playbooks }: GraceConfig): ExtraFault[] {
  const used = new Set(Object.values(checks).flatMap(({ heal }) => heal));
  return Object.keys(playbooks)
    .filter((name) => !used.has(name))
    .map((name) => ({ path: ['playbooks', name], message: 'is named by no check' }));
}

function namedTwice({ checks }: GraceConfig): ExtraFault[] {
  return Object.entries(checks).flatMap(([name, check]) =>
    (['heal', 'depends_on'] as const).flatMap((key) =>
      check[key].flatMap((named, i, all) =>
        all.indexOf(named) < i ? [{ path: ['checks', name, key, i], message: `names ${named} a second time` }] : [],
      ),
    ),
  );
}

/** A web address is written into the logs, which nobody can take back. */
function credentials({ checks, playbooks, notify }: GraceConfig): ExtraFault[] {
  const urls = [
    ...Object.entries(checks).map(([name, { http }]) => ({ path: ['checks', name, 'http', 'url'], url: http?.url })),
    ...Object.entries(playbooks).flatMap(([name, playbook]) =>
      (['steps', 'rollback'] as const).flatMap((list) =>
        playbook[list].map(({ http }, i) => ({ path: ['playbooks', name, list, i, 'http', 'url'], url: http?.url })),
      ),
    ),
    ...notify.map(({ webhook }, i) => ({ path: ['notify', i, 'webhook', 'url'], url: webhook?.url })),
  ];
  return urls.flatMap(({ path, url }) => {
    if (url === undefined) return [];
    const { username, password } = new URL(url);
    if (username === '' && password === '') return [];
    return [
      {
        path,
        message: 'holds a user name or password, which may be shown and logged',
        suggestion: 'authorization_file, or a header',
      },
    ];
  });
}

function plainWebhooks({ notify }: GraceConfig): ExtraFault[] {
  return notify.flatMap(({ webhook }, i) => {
    if (webhook === undefined) return [];
    const { protocol, hostname } = new URL(webhook.url);
    if (protocol === 'https:' || isLoopback(hostname)) return [];
    return [
      { path: ['notify', i, 'webhook', 'url'], message: 'goes over the network unencrypted', suggestion: 'use https:' },
    ];
  });
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

function maintenanceOfNone({ checks, maintenance }: GraceConfig): ExtraFault[] {
  const names = Object.keys(checks);
  return maintenance.flatMap((window, i) =>
    window.checks.flatMap((pattern, k) =>
      pattern === '*' || names.some((name) => matchesPattern(pattern, name))
        ? []
        : [{ path: ['maintenance', i, 'checks', k], message: `no check is named ${pattern}` }],
    ),
  );
}

/** A person approves and releases the brake; a program that may do so for itself needs no leave. */
function graceItself({ accounts }: GraceConfig): ExtraFault[] {
  return Object.entries(accounts).flatMap(([account, { may }]) =>
    account.startsWith('operator:')
      ? []
      : may.flatMap((grant, i) =>
          grant === 'approve' || grant === 'brake'
            ? [{ path: ['accounts', account, 'may', i], message: `${account} is no person, and may ${grant}` }]
            : [],
        ),
  );
}

/** Two checks whose failures would be one incident: the remedies of one would count as those of the other. */
export function sameIncidentWarnings(
  { checks }: GraceConfig,
  incidentOf: (name: string, check: CheckConfig) => { readonly target: string; readonly failure_mode: string },
): ExtraFault[] {
  const first = new Map<string, string>();
  return Object.entries(checks).flatMap(([name, check]): ExtraFault[] => {
    const { target, failure_mode } = incidentOf(name, check);
    const key = JSON.stringify([target, failure_mode]);
    const earlier = first.get(key);
    if (earlier === undefined) {
      first.set(key, name);
      return [];
    }
    const message = `has the target and failure mode of ${earlier}: their failures are one incident`;
    return [
      {
        path: ['checks', name],
        message,
        suggestion: 'give one of them a target: or failure_mode: of its own',
        warning: true,
      },
    ];
  });
}
