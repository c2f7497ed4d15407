import { parseDuration } from '../core/config/schema/units.js';
import { EXIT, OperatorError } from '../core/errors.js';
import type { Draft } from '../core/ledger.js';
import { ACTION } from '../core/records/audit-actions.js';
import type { Now } from '../core/records/moment.js';
import { formatInstant } from '../core/records/time.js';
import type { ControlEntry, ControlView, KnownIncident } from '../core/registry/queries/control.js';
import { findTasks } from '../core/registry/queries/tasks.js';
import { isLive } from '../healing/engine/decide.js';
import { isSilencing } from '../healing/engine/rails.js';
import { BRAKE } from '../healing/engine/situation.js';
import { closed, takenOn } from '../healing/snapshots.js';
import type { Context } from './context.js';
import { presentOf } from './healing.js';
import { nextCommand } from './next-command.js';
import { escapeText } from './output/escape.js';
import { renderTable } from './output/table.js';
import { formatSeconds, formatUtc } from './output/time.js';
import { type Person, personOf, requireGrant, rightsOf } from './person.js';
import { openForLooking } from './reading.js';
import type { WritingOptions } from './where.js';
import { openForWriting, type Writing } from './writing.js';

export type PersonalOptions = WritingOptions & { readonly json?: boolean };

const MOST_NOTE = 1024;

export async function runHealAck(ctx: Context, id: string, options: PersonalOptions & { readonly note?: string }) {
  const note = noteOption('--note', options.note);
  return about(ctx, id, options, 'ack', (incident, person, rule) => ({
    entries: [
      {
        actor: person.account,
        action: ACTION.incidentAcknowledged,
        resource: incident.record.incident_id,
        decision: { rule },
        metadata: { ...person.facts, incident_id: incident.record.incident_id, note: note ?? null },
      },
    ],
    value: 'acknowledged',
  }));
}

export async function runHealClose(ctx: Context, id: string, options: PersonalOptions & { readonly reason: string }) {
  const reason = noteOption('--reason', options.reason) ?? '';
  if (reason.trim() === '') {
    throw new OperatorError('GRACE_USAGE', EXIT.usage, 'why it is over has to be said', {
      hint: `${nextCommand(['heal', 'close', id], options)} --reason 'replaced the disk'`,
    });
  }
  return about(ctx, id, options, 'close', (incident, person, rule, view) => {
    const { record, hash } = incident;
    if (!isLive(record)) throw over(record.incident_id, options);
    if (view.openClaims(record.incident_id, record.target ?? '').length > 0) {
      throw new OperatorError('GRACE_BUSY', EXIT.refused, `a remedy is under way on ${record.incident_id}`, {
        hint: nextCommand(['heal', 'status'], options),
      });
    }
    return {
      incidents: [{ record: closed(takenOn(record), formatInstant(ctx.clock.now())), after: hash }],
      entries: [
        {
          actor: person.account,
          action: ACTION.incidentClosed,
          resource: record.incident_id,
          decision: { rule, verified: false },
          metadata: { ...person.facts, incident_id: record.incident_id, reason },
        },
      ],
      value: 'closed; nobody has verified it',
    };
  });
}

export async function runHealApprove(ctx: Context, id: string, playbook: string | undefined, options: PersonalOptions) {
  const rights = await rightsOf(ctx, options);
  return about(ctx, id, options, 'approve', (incident, person, rule, view) => {
    const { record } = incident;
    if (!isLive(record)) throw over(record.incident_id, options);
    const asked = view.lastControl(ACTION.approvalRequested, record.incident_id);
    const wanted = playbook ?? (asked && String(asked.decision.playbook_id));
    if (wanted === undefined) {
      throw new OperatorError('GRACE_NOTHING_ASKED', EXIT.refused, `no approval was asked for ${record.incident_id}`, {
        hint: nextCommand(['heal', 'status'], options),
      });
    }
    const heals = rights.config.checks?.[record.check ?? '']?.heal ?? [];
    if (!heals.includes(wanted)) {
      throw new OperatorError('GRACE_UNKNOWN_PLAYBOOK', EXIT.usage, `${wanted} is no remedy of ${record.check}`, {
        hint: `${nextCommand(['heal', 'playbooks'], options)}   # the remedies there are`,
      });
    }
    const expires_s = rights.config.policy?.approval_expires ?? 0;
    return {
      entries: [
        {
          actor: person.account,
          action: ACTION.approvalGiven,
          resource: record.incident_id,
          decision: { playbook_id: wanted, config_version: rights.version, rule },
          metadata: { ...person.facts, incident_id: record.incident_id, expires_s },
        },
      ],
      value: `one run of ${wanted} is approved for ${formatSeconds(expires_s)}`,
    };
  });
}

export async function runHealSilence(
  ctx: Context,
  patterns: readonly string[],
  options: PersonalOptions & { readonly for: string; readonly reason?: string; readonly end?: string },
): Promise<number> {
  if (patterns.length === 0 && options.end === undefined) return listSilences(ctx, options);
  const lasts_s = parseDuration(options.for);
  if (lasts_s === undefined || lasts_s < 1 || lasts_s > 31 * 86_400) {
    throw new OperatorError('GRACE_USAGE', EXIT.usage, `--for ${options.for} is not a duration from 1s to 31d`, {
      hint: '--for 2h',
    });
  }
  const reason = noteOption('--reason', options.reason) ?? '';
  return asPerson(ctx, options, 'silence', 'silence', (person, rule) => (view) => {
    if (options.end !== undefined) return endSilence(view, options.end, presentOf(ctx), person, rule);
    const name = `silence_${ctx.newSuffix()}`;
    return {
      entries: [
        {
          actor: person.account,
          action: ACTION.silenceStarted,
          resource: name,
          decision: { rule },
          metadata: { ...person.facts, checks: [...patterns], lasts_s, reason },
        },
      ],
      value: `${name}: nothing acts on ${patterns.join(', ')} for ${formatSeconds(lasts_s)}`,
    };
  });
}

function endSilence(view: ControlView, name: string, now: Now, person: Person, rule: string): Draft<string> {
  const found = view.silences(now).find((one) => one.subject === name);
  if (!found) {
    throw new OperatorError('GRACE_NO_SUCH_SILENCE', EXIT.notFound, `there is no silence ${name}`, {
      hint: 'grace heal silence   # lists them',
    });
  }
  return {
    entries: [
      {
        actor: person.account,
        action: ACTION.silenceEnded,
        resource: name,
        decision: { rule },
        metadata: person.facts,
      },
    ],
    value: `${name} has ended`,
  };
}

async function listSilences(ctx: Context, options: PersonalOptions): Promise<number> {
  const { registry } = await openForLooking(ctx, options);
  const now = presentOf(ctx);
  const standing = registry
    .control((view) => view.silences(now))
    .filter((one) => patternsOf(one).some((pattern) => isSilencing(one, pattern, now)));
  registry.close();
  const rows = standing.map((one) => ({
    silence: one.subject,
    checks: patternsOf(one),
    since: one.at,
    lasts_s: Number(one.metadata.lasts_s),
    by: one.actor,
    reason: String(one.metadata.reason ?? ''),
  }));
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    writeJson(ctx.out, { schema: 'grace.silences/1', silences: rows });
    return EXIT.done;
  }
  if (rows.length === 0) {
    ctx.err.write('no silence holds\n');
    return EXIT.done;
  }
  const columns = ['silence', 'checks', 'since', 'lasts', 'by', 'reason'].map((header) => ({ header }));
  const cells = rows.map((row) => [
    ...[row.silence, row.checks.join(' '), formatUtc(row.since), formatSeconds(row.lasts_s), row.by, row.reason],
  ]);
  ctx.out.write(await renderTable(columns, cells, ctx.out, await ctx.style()));
  return EXIT.done;
}

function patternsOf({ metadata }: ControlEntry): string[] {
  return Array.isArray(metadata.checks) ? metadata.checks.map(String) : [];
}

export async function runHealBrake(
  ctx: Context,
  state: string,
  options: PersonalOptions & { readonly reason?: string },
): Promise<number> {
  if (state !== 'on' && state !== 'off') {
    throw new OperatorError('GRACE_USAGE', EXIT.usage, `${state} is neither on nor off`, {
      hint: 'grace heal brake off',
    });
  }
  const reason = noteOption('--reason', options.reason) ?? '';
  return asPerson(ctx, options, 'brake', BRAKE, (person, rule) => (view) => {
    const set = view.lastControl(ACTION.brakeSet, BRAKE);
    const isOn = set !== undefined && set.line > (view.lastControl(ACTION.brakeReleased, BRAKE)?.line ?? 0);
    if (isOn === (state === 'on')) return { value: `the brake is ${state} already` };
    return {
      entries: [
        {
          actor: person.account,
          action: state === 'on' ? ACTION.brakeSet : ACTION.brakeReleased,
          resource: BRAKE,
          decision: { reason: reason || `by ${person.account}`, rule },
          metadata: person.facts,
        },
      ],
      value: state === 'on' ? 'the brake is on: nothing acts' : 'the brake is off: grace acts again',
    };
  });
}

type OnIncident = (incident: KnownIncident, person: Person, rule: string, view: ControlView) => Draft<string>;

/** Does something about one incident in the name of whoever asks. */
function about(
  ctx: Context,
  id: string,
  options: PersonalOptions,
  grant: 'ack' | 'close' | 'approve',
  act: OnIncident,
): Promise<number> {
  return asPerson(ctx, options, grant, id, (person, rule, writing) => {
    const incident_id = incidentId(writing, id, options);
    return (view) => {
      const incident = view.incident(incident_id);
      if (!incident) throw noSuchIncident(id, options);
      return act(incident, person, rule, view);
    };
  });
}

type Work = (person: Person, rule: string, writing: Writing) => (view: ControlView) => Draft<string>;

async function asPerson(
  ctx: Context,
  options: PersonalOptions,
  grant: 'ack' | 'close' | 'approve' | 'silence' | 'brake',
  subject: string,
  work: Work,
): Promise<number> {
  const rights = await rightsOf(ctx, options);
  const writing = await openForWriting(ctx, options);
  try {
    const person = personOf(ctx);
    const rule = await requireGrant(rights, person, grant, writing, subject);
    const { value, entries } = await writing.ledger.transact(work(person, rule, writing), {
      reserve: grant === 'brake',
    });
    if (options.json) {
      const { writeJson } = await import('./output/json.js');
      writeJson(ctx.out, { schema: 'grace.done/1', done: value, entries: entries.map(({ entry_id }) => entry_id) });
    } else {
      ctx.out.write(`${escapeText(value)}\n`);
    }
    return EXIT.done;
  } finally {
    writing.ledger.close();
  }
}

function incidentId({ ledger }: Writing, id: string, options: PersonalOptions): string {
  ledger.registry.sync();
  const found = ledger.registry.read((db) => findTasks(db, id)).filter(({ source }) => source === 'incidents');
  const [first] = found;
  if (!first) throw noSuchIncident(id, options);
  if (found.length > 1) {
    throw new OperatorError('GRACE_AMBIGUOUS', EXIT.usage, `${id} may be ${found.length} incidents or more`, {
      hint: nextCommand(['registry', 'show', first.task_id], options),
    });
  }
  return first.task_id;
}

function noSuchIncident(id: string, options: PersonalOptions): OperatorError {
  return new OperatorError('GRACE_NO_SUCH_INCIDENT', EXIT.notFound, `no incident is named ${id}`, {
    hint: nextCommand(['heal', 'status'], options),
  });
}

function over(id: string, options: PersonalOptions): OperatorError {
  return new OperatorError('GRACE_INCIDENT_OVER', EXIT.refused, `${id} is over`, {
    hint: nextCommand(['registry', 'show', id], options),
  });
}

function noteOption(name: string, text: string | undefined): string | undefined {
  if (text === undefined || text.length <= MOST_NOTE) return text;
  throw new OperatorError('GRACE_USAGE', EXIT.usage, `${name} has more than ${MOST_NOTE} characters`, {
    hint: `${name} 'a sentence'`,
  });
}
