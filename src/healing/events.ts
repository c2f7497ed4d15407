import type { AttemptOutcome, NewIncident } from '../core/records/incident.js';
import type { Probe } from './check.js';
import type { Refusal } from './engine/rails.js';

/** What the engine tells while it works; the face renders it, nothing else depends on it. */
export type HealEvent = { readonly check: string } & (
  | {
      readonly kind: 'probed';
      readonly purpose: 'detect' | 'confirm' | 'verify';
      readonly probe: Probe;
      readonly passes: number;
      readonly wanted: number;
    }
  | { readonly kind: 'confirmed'; readonly bad: number; readonly of: number }
  | { readonly kind: 'opened'; readonly incident_id: string; readonly relapse: boolean }
  | { readonly kind: 'claimed'; readonly claim_id: string; readonly playbook_id: string; readonly rule: string }
  | {
      readonly kind: 'withheld';
      readonly incident_id: string;
      readonly playbook_id: string;
      readonly refusals: readonly Refusal[];
      /** It was not so at the last look. */
      readonly isNews: boolean;
    }
  /** Another process is at work, or has been since it was looked at. */
  | { readonly kind: 'left_alone'; readonly reason: 'busy' | 'stale' | 'abandoned' }
  | {
      readonly kind: 'stepped';
      readonly name: string;
      readonly exit: string;
      readonly duration_s: number;
      readonly worked: boolean;
    }
  | { readonly kind: 'escalated'; readonly incident: NewIncident; readonly reason: string }
  | { readonly kind: 'attempted'; readonly incident: NewIncident; readonly verified: boolean }
  /** A remedy has ended whose claim somebody else had ended meanwhile: that stands on record, and changes nothing. */
  | {
      readonly kind: 'ended_late';
      readonly incident_id: string;
      readonly playbook_id: string;
      readonly outcome: AttemptOutcome;
    }
  | { readonly kind: 'recovered'; readonly incident: NewIncident }
);
