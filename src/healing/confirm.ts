/** When a failure counts. Learning replays stored probes by the same rule, so it stands where both can use it. */
export { type Confirmation, type ConfirmRule, confirm } from '../core/records/confirm-rule.js';
