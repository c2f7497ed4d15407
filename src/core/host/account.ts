/** The uid whose rights this process has; files it creates belong to it. */
export function effectiveUid(): number {
  return process.geteuid?.() ?? 0;
}
