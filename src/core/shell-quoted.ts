/** As `escapeText` has it: what a terminal would not show as it is. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
/** To zsh a leading `=` names a program. */
const BARE = /^[\w@%+:,./-][\w@%+=:,./-]*$/;

/** As one word of a command that can be pasted: whatever it holds, the shell takes it for this very word. */
export function shellQuoted(word: string): string {
  if (BARE.test(word)) return word;
  return UNSEEN.test(word) ? `$'${spelled(word)}'` : `'${word.replaceAll("'", "'\\''")}'`;
}

/** As the positional arguments that end a command: none of them is taken for an option. */
export function shellArguments(...words: readonly string[]): string {
  const guard = words.some((word) => word.startsWith('-')) ? '-- ' : '';
  return guard + words.map(shellQuoted).join(' ');
}

/** Nothing in it ends the quotes, not even in a shell that does not know `$'…'`. */
function spelled(word: string): string {
  let text = '';
  for (const byte of new TextEncoder().encode(word)) {
    const char = String.fromCharCode(byte);
    // A digit after \xHH might be taken for a third one.
    const plain = /[\w @%+=:,./-]/.test(char) && !(/[\da-f]/i.test(char) && /\\x..$/.test(text));
    text += plain ? char : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}
