import type { Drill } from './drill.js';
import { portInUseDrill } from './port-in-use-drill.js';

/** The drills there are; the first is what `trigger incident` runs. */
export const DRILLS: readonly [Drill, ...Drill[]] = [portInUseDrill];
