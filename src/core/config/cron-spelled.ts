const NAMED: Readonly<Record<string, string>> = {
  ...{ hourly: '0 * * * *', daily: '0 0 * * *', midnight: '0 0 * * *', weekly: '0 0 * * 0' },
  ...{ monthly: '0 0 1 * *', yearly: '0 0 1 1 *', annually: '0 0 1 1 *' },
};

/** `@daily`, `03:30` and expressions with seconds or years, in the five fields of cron. It may still mean nothing. */
export function cronSpelled(text: string): string | undefined {
  const named = /^@?([a-z]+)$/i.exec(text.trim())?.[1]?.toLowerCase();
  if (named !== undefined) return Object.hasOwn(NAMED, named) ? NAMED[named] : undefined;
  const [, hour, minute] = /^(\d{1,2}):(\d{2})$/.exec(text.trim()) ?? [];
  if (hour !== undefined) return `${Number(minute)} ${Number(hour)} * * *`;
  const fields = text.trim().split(/\s+/);
  return fields.length === 6 || fields.length === 7 ? fields.slice(1, 6).join(' ') : undefined;
}
