/** What was folded would be folded otherwise now, knowing what has come after it. */
export class MustReadAgain extends Error {}
