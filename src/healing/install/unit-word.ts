/** As one word of a setting that holds a list, such as paths: whatever it holds, systemd takes it for this very word. */
export function unitWord(word: string): string {
  const text = word.replaceAll('%', '%%');
  if (/^[\w@+:,./%=-]+$/.test(text)) return text;
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** As one word of a command line, in which a dollar sign names a variable. */
export function execWord(word: string): string {
  return unitWord(word).replaceAll('$', '$$$$');
}
