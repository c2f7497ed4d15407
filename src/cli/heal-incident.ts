import { nearest } from '../core/config/closest.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { livenessOf } from '../core/host/process-identity.js';
import { ACTION } from '../core/records/audit-actions.js';
import { ageOf } from '../core/records/moment.js';
import { formatInstant } from '../core/records/time.js';
import type { ControlView, KnownIncident } from '../core/registry/queries/control.js';
import { findTasks } from '../core/registry/queries/tasks.js';
import { type AskedApproval, askedApproval } from '../healing/asked-approval.js';
import { isLive } from '../healing/engine/decide.js';
import { ProbeStore } from '../healing/probe-store.js';
import { type Release, releaseClaims } from '../healing/release-claims.js';
import { closed, takenOn, withUnknown } from '../healing/snapshots.js';
import { madeBearable } from '../healing/status.js';
import type { Context } from './context.js';
import { asPerson, type Deed, noteOption, type PersonalOptions } from './heal-person.js';
import { presentOf } from './healing.js';
import { nextCommand } from './next-command.js';
import { escapeText } from './output/escape.js';
import { formatSeconds } from './output/time.js';
import { type Person, type Rights, rightsOf } from './person.js';
import type { Writing } from './writing.js';

export async function runHealAck(ctx: Context, id: string, options: PersonalOptions & { readonly note?: string }) {
  const note = noteOption('--note', options.note);
  const rights = await rightsOf(ctx, options);
  return about(ctx, id, options, { rights, grant: 'ack' }, ({ record }, { person, rule, view }) => {
    const { incident_id } = record;
    // One that a remedy has only made bearable has recovered, and needs a person as before.
    const needsPerson = isLive(record) || madeBearable(view).some((one) => one.record.incident_id === incident_id);
    if (!needsPerson) throw over(incident_id, options);
    return {
      entries: [
        {
          actor: person.account,
          action: ACTION.incidentAcknowledged,
          resource: incident_id,
          decision: { rule },
          metadata: { ...person.facts, incident_id, note: note ?? null },
        },
      ],
      value: 'acknowledged',
    };
  });
}

export async function runHealClose(ctx: Context, id: string, options: PersonalOptions & { readonly reason?: string }) {
  const reason = noteOption('--reason', options.reason) ?? '';
  if (reason.trim() === '') {
    throw new OperatorError('GRACE_USAGE', EXIT.usage, '--reason is required: why it is over has to be said', {
      hint: `${nextCommand(['heal', 'close', id], options)} --reason 'replaced the disk'`,
    });
  }
  const rights = await rightsOf(ctx, options);
  let failing: string | undefined;
  const code = await about(
    ctx,
    id,
    options,
    { rights, grant: 'close' },
    ({ record, hash }, { person, rule, view, writing }) => {
      const { incident_id } = record;
      const open = view.openClaims(incident_id, record.target ?? '');
      if (!isLive(record) && open.length === 0) throw over(incident_id, options);
      const release = releaseClaims(open, {
        ...{ incident_id, livenessOf, reason, rule },
        ...{ actor: person.account, facts: person.facts },
      });
      if (release.kind !== 'released') throw busy(release, incident_id, options);
      const released = release.claims.map(
        (claim) => `; ${claim.playbook_id} on ${claim.target} has ended, how is unknown`,
      );
      // Only its claim had no end.
      if (!isLive(record)) return { entries: release.entries, value: `it was over before${released.join('')}` };
      failing = stillFailing(ctx, writing.dir, record.check);
      const before = release.claims.reduce(withUnknown, takenOn(record));
      return {
        incidents: [{ record: closed(before, formatInstant(ctx.clock.now())), after: hash }],
        entries: [
          ...release.entries,
          {
            actor: person.account,
            action: ACTION.incidentClosed,
            resource: incident_id,
            decision: { rule, verified: false },
            metadata: { ...person.facts, incident_id, reason },
          },
        ],
        value: `closed; nobody has verified it${released.join('')}`,
      };
    },
  );
  if (failing !== undefined) ctx.err.write(`grace: warning: ${escapeText(failing)}\n`);
  return code;
}

function busy(release: Exclude<Release, { kind: 'released' }>, id: string, options: PersonalOptions): OperatorError {
  const { incident_id, owner } = release.claim;
  if (release.kind === 'of another') {
    const message = `process ${owner.pid}, which cannot be judged from here, holds the target of ${id} for ${incident_id}`;
    return new OperatorError('GRACE_BUSY', EXIT.refused, message, {
      hint: `${nextCommand(['heal', 'close', incident_id], options)} --reason 'its container is gone'`,
    });
  }
  if (release.owner === 'gone') {
    return new OperatorError('GRACE_BUSY', EXIT.refused, `a remedy was left in the middle on ${incident_id}`, {
      hint: `${nextCommand(['registry', 'sync'], options)}   # settles it`,
    });
  }
  return new OperatorError('GRACE_BUSY', EXIT.refused, `a remedy is under way on ${incident_id}`, {
    hint: nextCommand(['heal', 'status'], options),
  });
}

/** What a person who closes it must know: to say that it is over does not make the check pass. */
function stillFailing(ctx: Context, dir: string, check: string | null | undefined): string | undefined {
  if (check === undefined || check === null) return undefined;
  const store = new ProbeStore(dir, { write: false });
  const { last } = store.state(check);
  store.close();
  if (last?.status !== 'critical') return undefined;
  const ago = formatSeconds(ageOf(last, presentOf(ctx)));
  return `${check} was still failing ${ago} ago (${last.summary}): unless it passes now, an incident is opened again`;
}

export async function runHealApprove(ctx: Context, id: string, playbook: string | undefined, options: PersonalOptions) {
  const rights = await rightsOf(ctx, options);
  const { config } = rights;
  return about(ctx, id, options, { rights, grant: 'approve' }, ({ record }, { person, rule, view }) => {
    const { incident_id } = record;
    if (!isLive(record)) throw over(incident_id, options);
    if (rights.version === null) {
      throw new OperatorError('GRACE_NO_CONFIG', EXIT.usage, 'there is no grace.yaml, and so no remedy to approve', {
        hint: `${nextCommand(['heal', 'approve', id], options)} --config FILE`,
      });
    }
    const asked = askedApproval(view, incident_id);
    const wanted = playbook ?? asked?.playbook_id;
    const heals = config.checks?.[record.check ?? '']?.heal ?? [];
    if (wanted !== undefined && !heals.includes(wanted)) {
      const near = nearest(wanted, heals);
      throw new OperatorError(
        'GRACE_UNKNOWN_PLAYBOOK',
        EXIT.usage,
        `${wanted || "''"} is no remedy of ${record.check ?? incident_id}`,
        {
          hint:
            near === undefined
              ? `${nextCommand(['heal', 'playbooks'], options)}   # the remedies there are`
              : nextCommand(['heal', 'approve', id, near], options),
        },
      );
    }
    const why = whyInVain(wanted, asked, { rights, incident_id });
    if (wanted === undefined || why !== undefined) {
      throw new OperatorError('GRACE_NOTHING_ASKED', EXIT.refused, why ?? '', {
        hint: nextCommand(['heal', 'status'], options),
      });
    }
    const expires_s = config.policy?.approval_expires ?? 0;
    const held = asked && asked.others.length > 0 ? `; held back all the same by: ${asked.others.join(', ')}` : '';
    return {
      entries: [
        {
          actor: person.account,
          action: ACTION.approvalGiven,
          resource: incident_id,
          decision: { playbook_id: wanted, config_version: rights.version, rule },
          metadata: { ...person.facts, incident_id, expires_s },
        },
      ],
      value: `one run of ${wanted} is approved for ${formatSeconds(expires_s)}${held}`,
    };
  });
}

/** Why an approval would allow nothing, if so. */
function whyInVain(
  wanted: string | undefined,
  asked: AskedApproval | undefined,
  { rights, incident_id }: { readonly rights: Rights; readonly incident_id: string },
): string | undefined {
  if (wanted === undefined || asked === undefined) return `no approval was asked for ${incident_id}`;
  if (asked.is_past) return `no remedy of ${incident_id} waits for an approval any more`;
  if (asked.playbook_id !== wanted) return `it is ${asked.playbook_id} that waits for an approval, not ${wanted}`;
  const { risk = 'high' } = rights.config.playbooks?.[wanted] ?? {};
  const autonomy = rights.config.policy?.autonomy[risk];
  if (autonomy === 'never') return `policy.autonomy.${risk} is never: a person runs ${wanted}`;
  if (autonomy === 'auto') return `${wanted} needs no approval any more: policy.autonomy.${risk} is auto`;
  return undefined;
}

interface Hand {
  readonly person: Person;
  readonly rule: string;
  readonly view: ControlView;
  readonly writing: Writing;
}

/** Does something about one incident in the name of whoever asks. */
function about(
  ctx: Context,
  id: string,
  options: PersonalOptions,
  asking: { readonly rights: Rights; readonly grant: 'ack' | 'close' | 'approve' },
  act: (incident: KnownIncident, hand: Hand) => Deed,
): Promise<number> {
  return asPerson(ctx, options, { ...asking, subject: id }, (person, rule, writing) => {
    const incident_id = incidentId(writing, id, options);
    return (view) => {
      const incident = view.incident(incident_id);
      if (!incident) throw noSuchIncident(id, options);
      return act(incident, { person, rule, view, writing });
    };
  });
}

function incidentId({ ledger }: Writing, id: string, options: PersonalOptions): string {
  // Every id begins with nothing.
  if (id === '') throw noSuchIncident("''", options);
  ledger.registry.sync();
  const found = ledger.registry.read((db) => findTasks(db, id)).filter(({ source }) => source === 'incidents');
  const [first] = found;
  if (!first) throw noSuchIncident(id, options);
  if (found.length > 1) {
    throw new OperatorError('GRACE_AMBIGUOUS', EXIT.usage, `${id} may be ${found.length} incidents or more`, {
      hint: `${nextCommand(['heal', 'status'], options)}   # the incidents that wait for a person`,
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
