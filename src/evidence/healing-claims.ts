import { parseInstant } from '../core/records/time.js';
import type { IncidentFacts, NamedIncident } from '../core/registry/queries/evidence-incidents.js';
import { type AttemptTally, afterWords, episodesForPerson, tallyAttempts } from './attempts.js';
import { type Claim, excluding, type Next } from './claim.js';
import { incidentKind } from './healing-kinds.js';
import { type IncidentTally, tallyIncidents } from './healing-tallies.js';
import { type RecordSums, unreadable } from './records.js';
import { count, counted, firstFew, named, utc } from './words.js';

/** An incident that is open for longer needs somebody's eyes. Seconds since detection. */
export const OPEN_LIMIT_S = 15 * 60;

export interface Headline {
  readonly claim: Claim;
  readonly next: Next | null;
}

interface Situation {
  readonly all: IncidentTally;
  readonly real: IncidentTally;
  readonly drill: IncidentTally;
  readonly simulated: IncidentTally;
  readonly untold: readonly NamedIncident[];
  readonly late: readonly NamedIncident[];
}

/** The headline: does self-healing work on this host? */
export function selfHealingClaim(facts: IncidentFacts, records: RecordSums, now_ms: number): Headline {
  const of = (origin: string) => tallyIncidents(facts.groups.filter((group) => group.origin === origin));
  const situation: Situation = {
    all: tallyIncidents(facts.groups),
    real: of('real'),
    drill: of('drill'),
    simulated: of('simulated'),
    untold: facts.failed.filter((incident) => incident.told === 0),
    late: facts.open.filter(({ detected_at }) => (parseInstant(detected_at) ?? now_ms) < now_ms - OPEN_LIMIT_S * 1000),
  };
  const { all, real, drill, simulated, untold, late } = situation;
  const attempts = tallyAttempts(facts.attempts.filter(({ origin }) => origin === 'real'));
  const episodes_for_person = episodesForPerson(facts, 'real');
  const { verdict, headline, reasons, next } = judge(situation);
  return {
    next,
    claim: {
      id: 'self_healing',
      verdict,
      headline,
      n: real.ended,
      numbers: {
        incidents: all.incidents,
        lines: all.lines,
        duplicate_lines: all.duplicate_lines,
        real_incidents: real.incidents,
        healed: real.healed,
        ended: real.ended,
        success_rate: real.success_rate,
        failed: real.failed,
        failed_untold: untold.length,
        open: real.open,
        open_past_limit: late.length,
        open_limit_s: OPEN_LIMIT_S,
        without_grace: real.without_grace,
        unverified: real.unverified,
        relapses: real.relapses,
        ...attempts,
        episodes_for_person,
      },
      excluded: [
        ...excluding(
          {
            id: 'unverified',
            what: named(real.unverified, 'real recovery', 'real recoveries'),
            n: real.unverified,
            why: 'reported as over, verified by nobody',
          },
          {
            id: 'without_grace',
            what: named(real.without_grace, 'real recovery', 'real recoveries'),
            n: real.without_grace,
            why: 'verified, but by itself, by hand, or nobody knows why',
          },
          { id: 'drill', what: named(drill.incidents, 'drill'), n: drill.incidents, why: 'caused by grace itself' },
          {
            id: 'simulated',
            what: named(simulated.incidents, 'simulated incident'),
            n: simulated.incidents,
            why: 'nothing was broken',
          },
          {
            id: 'duplicate_lines',
            what: named(all.duplicate_lines, 'duplicate line'),
            n: all.duplicate_lines,
            why: 'the same bytes came before',
          },
        ),
        ...unreadable(records),
      ],
      reasons: [...(real.incidents > 0 ? [summaryOf(real, attempts, episodes_for_person)] : []), ...reasons],
    },
  };
}

type Judgement = Pick<Claim, 'verdict' | 'headline' | 'reasons'> & { readonly next: Next | null };

function judge({ all, real, drill, simulated, untold, late }: Situation): Judgement {
  if (untold.length > 0) {
    return {
      verdict: 'FAIL',
      headline: `self-healing: ${counted(untold.length, 'real incident')} failed and nobody was told`,
      reasons: firstFew(
        untold,
        ({ incident_id, failure_mode }) =>
          `${incident_id} (${failure_mode}) failed, and no audit entry says that anybody was told`,
      ),
      next: show(untold),
    };
  }
  if (late.length > 0) {
    const limit = `${OPEN_LIMIT_S / 60} min`;
    return {
      verdict: 'PARTIAL',
      headline: `self-healing: ${counted(late.length, 'real incident')} open for more than ${limit}`,
      reasons: firstFew(
        late,
        ({ incident_id, failure_mode, detected_at }) =>
          `${incident_id} (${failure_mode}) has been open since ${utc(detected_at)}`,
      ),
      next: show(late),
    };
  }
  if (real.healed > 0) {
    // Within its time, and yet whoever reads one line only must not take it for peace.
    const open =
      real.open === 0 ? '' : ` (${counted(real.open, 'real incident')} ${named(real.open, 'is', 'are')} open)`;
    return { verdict: 'PASS', headline: `SELF-HEALING IS WORKING!${open}`, reasons: [], next: null };
  }
  if (all.incidents === 0) {
    return {
      verdict: 'INCONCLUSIVE',
      headline: 'self-healing: no incidents',
      reasons: ['nothing broke, or nothing noticed'],
      next: { argv: ['trigger', 'incident'], why: 'cause a real, contained fault; watch it being healed' },
    };
  }
  if (real.incidents === 0) {
    const drills = drill.incidents > 0 ? [drillWords(drill)] : [];
    const others = simulated.incidents > 0 ? [`${count(simulated.incidents)} simulated`] : [];
    return {
      verdict: 'INCONCLUSIVE',
      headline: `self-healing: 0 real incidents; ${[...drills, ...others].join(', ')}`,
      reasons: ['only a real incident, healed and verified, can show that self-healing works here'],
      next:
        drill.incidents > 0
          ? { argv: ['doctor'], why: 'is this host ready for a real one?' }
          : { argv: ['trigger', 'incident'], why: 'cause a real, contained fault; watch it being healed' },
    };
  }
  return {
    verdict: 'INCONCLUSIVE',
    headline: 'self-healing: no real incident was healed and verified',
    reasons: [],
    next: { argv: ['registry', 'list', '--subsystem', 'self_healing'], why: 'the incidents, one by one' },
  };
}

function show([first]: readonly NamedIncident[]): Next {
  const id = first?.incident_id ?? '';
  // An id is data: one that begins with a dash is no option.
  const words = id.startsWith('-') ? ['--', id] : [id];
  return { argv: ['registry', 'show', ...words], why: 'what is known about it' };
}

/** `3 real incidents: 2 of 2 ended healed and verified, 1 open`; every share with its denominator. */
function summaryOf(real: IncidentTally, attempts: AttemptTally, for_person: number): string {
  const parts = [
    real.ended > 0
      ? `${count(real.healed)} of ${count(real.ended)} ended healed and verified${afterWords(attempts)}`
      : `none healed and verified${afterWords(attempts)}`,
    ...some(real.failed, 'failed'),
    ...some(real.without_grace, 'recovered otherwise'),
    ...some(real.unverified, 'recovered, unverified'),
    ...some(real.open, 'open'),
    ...(real.relapses > 0 ? [counted(real.relapses, 'relapse')] : []),
    ...(for_person > 0 ? [`${counted(for_person, 'episode')} needed a person`] : []),
    ...(attempts.attempts_forced > 0
      ? [`${counted(attempts.attempts_forced, 'attempt')} forced by a person, passing over rails`]
      : []),
  ];
  return `${counted(real.incidents, 'real incident')}: ${parts.join('; ')}`;
}

function some(n: number, what: string): string[] {
  return n > 0 ? [`${count(n)} ${what}`] : [];
}

function drillWords({ incidents, healed }: IncidentTally): string {
  const of = healed === incidents ? '' : `${count(healed)} of `;
  return `${of}${counted(incidents, 'drill')} healed and verified`;
}

/** Did the last drill end as it should? `undefined` when there was none. */
export function drillClaim(facts: IncidentFacts): Claim | undefined {
  const last = facts.last_drill;
  if (last === null) return undefined;
  const drill = tallyIncidents(facts.groups.filter((group) => group.origin === 'drill'));
  const kind = incidentKind(last);
  const name = `the last, ${last.incident_id} (${last.failure_mode}), `;
  const verdict = kind === 'healed' ? 'PASS' : kind === 'open' ? 'PARTIAL' : 'FAIL';
  return {
    id: 'drills',
    verdict,
    headline: `drills: ${count(drill.healed)} of ${count(drill.incidents)} healed and verified`,
    n: drill.incidents,
    numbers: {
      drills: drill.incidents,
      healed: drill.healed,
      ended: drill.ended,
      success_rate: drill.success_rate,
      failed: drill.failed,
      unverified: drill.unverified,
      without_grace: drill.without_grace,
      open: drill.open,
    },
    excluded: [],
    reasons: verdict === 'PASS' ? [] : [`${name}${DRILL_ENDS[kind]}`],
  };
}

const DRILL_ENDS = {
  healed: 'was healed and verified',
  open: 'has not ended',
  failed: 'failed',
  unverified: 'was not verified',
  without_grace: 'recovered otherwise',
} as const satisfies Record<ReturnType<typeof incidentKind>, string>;
