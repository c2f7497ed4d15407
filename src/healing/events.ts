import type { ClaimRefusal } from '../core/records/claim.js';
import type { Probe } from './check.js';

/** What the engine tells while it works; the face renders it, nothing else depends on it. */
export type HealEvent =
  | {
      readonly kind: 'probed';
      readonly purpose: 'detect' | 'confirm' | 'verify';
      readonly probe: Probe;
      readonly passes: number;
      readonly wanted: number;
    }
  | { readonly kind: 'confirmed'; readonly bad: number; readonly of: number }
  | { readonly kind: 'opened'; readonly incident_id: string; readonly joined: boolean }
  | { readonly kind: 'claimed'; readonly claim_id: string; readonly playbook_id: string }
  | { readonly kind: 'refused'; readonly reason: ClaimRefusal }
  | {
      readonly kind: 'stepped';
      readonly name: string;
      readonly exit: string;
      readonly duration_s: number;
      readonly worked: boolean;
    }
  | {
      readonly kind: 'ended';
      readonly incident_id: string;
      readonly status: 'resolved' | 'failed';
      readonly mttr_s: number | null;
    };
