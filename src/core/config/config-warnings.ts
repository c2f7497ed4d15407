import { nearest } from './closest.js';
import type { ExtraFault } from './config-fault.js';
import { matchesPattern } from './name-pattern.js';
import type { CheckConfig } from './schema/check-schema.js';
import type { GraceConfig } from './schema/grace-schema.js';

/** What a configuration may say, and its author probably did not mean. */
export function configWarnings(config: GraceConfig): ExtraFault[] {
  return [
    ...nothingLookedAt(config),
    ...nobodyTold(config),
    ...notFilledIn(config),
    ...unusedPlaybooks(config),
    ...namedTwice(config),
    ...credentials(config),
    ...plainWebhooks(config),
    ...maintenanceOfNone(config),
    ...graceItself(config),
  ].map((warning) => ({ ...warning, warning: true }));
}

function nothingLookedAt({ checks }: GraceConfig): ExtraFault[] {
  if (Object.keys(checks).length > 0) return [];
  return [
    {
      path: ['checks'],
      message: 'holds no check, so nothing will be looked at',
      suggestion: 'for example disk-root: { disk: { path: /, used_below: 90% } }',
    },
  ];
}

/** Who lets remedies run wants to hear of those that fail. */
function nobodyTold({ mode, checks, notify }: GraceConfig): ExtraFault[] {
  if (notify.some(({ on }) => on.includes('escalated'))) return [];
  const acting = Object.entries(checks).filter(([, check]) => check.heal.length > 0 && (check.mode ?? mode) === 'act');
  const [first] = acting;
  if (!first) return [];
  const isByAll = acting.some(([, check]) => check.mode === undefined);
  const why = notify.length === 0 ? 'there is no entry under notify' : 'no entry under notify has escalated in its on';
  return [
    {
      path: isByAll ? ['mode'] : ['checks', first[0], 'mode'],
      message: `is act, and nobody is told when a remedy fails: ${why}`,
      suggestion:
        notify.length === 0
          ? 'for example notify: [{ run: [/usr/local/bin/page-oncall] }]'
          : 'add escalated to one of them',
    },
  ];
}

/** As elsewhere a shell or a template would do it. */
function notFilledIn({ logs, checks }: GraceConfig): ExtraFault[] {
  const texts = [
    { path: ['logs'], text: logs },
    ...Object.entries(checks).map(([name, { http }]) => ({ path: ['checks', name, 'http', 'url'], text: http?.url })),
  ];
  return texts.flatMap(({ path, text }) => {
    const part = /^~(?=\/|$)|\$\{?[A-Za-z_]\w*\}?/.exec(text ?? '')?.[0];
    return part === undefined ? [] : [{ path, message: `holds ${part}, in the place of which nothing is filled in` }];
  });
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
        : [
            {
              path: ['maintenance', i, 'checks', k],
              message: `no check is named ${pattern}`,
              ...meantBy(pattern, names),
            },
          ],
    ),
  );
}

function meantBy(pattern: string, names: readonly string[]): Pick<ExtraFault, 'suggestion'> {
  const meant = nearest(pattern, names);
  return meant === undefined ? {} : { suggestion: `did you mean ${meant}?` };
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

const MOST_NAMED = 5;

/** Limits are those of a target: a remedy of several of them may run more often than any single limit says. */
export function sharedRemedyWarnings(
  { checks, playbooks }: GraceConfig,
  targetOf: (name: string, check: CheckConfig) => string,
): ExtraFault[] {
  const targets = new Map(Object.entries(checks).map(([name, check]) => [name, targetOf(name, check)]));
  return Object.keys(playbooks).flatMap((playbook): ExtraFault[] => {
    const healed = Object.keys(checks).filter((name) => checks[name]?.heal.includes(playbook));
    if (new Set(healed.map((name) => targets.get(name))).size < 2) return [];
    const more = healed.length > MOST_NAMED ? `, and ${healed.length - MOST_NAMED} more` : '';
    return [
      {
        path: ['playbooks', playbook],
        message: `heals ${healed.slice(0, MOST_NAMED).join(', ')}${more}, whose targets differ: cooldown and caps count for each target, and none for all of them together`,
        suggestion:
          'the same target: in these checks gives them common limits; then give each a failure_mode: of its own',
        warning: true,
      },
    ];
  });
}
