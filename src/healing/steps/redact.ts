/**
 * Takes out of text what looks like a secret. It takes out too much rather than too little, and cannot know every secret:
 * what it leaves is still for few eyes. Each rule looks from a place at a bounded number of characters, or goes on from
 * where it ended, so that the time is linear in the length.
 */

export const REDACTED = '[redacted]';

const WORD =
  '(?:pass(?:word|wd|phrase|code|(?![\\w.-]))|pwd|secret(?:[_.-]?(?:access[_.-]?)?key)?|(?:access|auth|api|bearer|refresh|id|session|csrf|xsrf|private|client)?[_.-]?token|(?:api|access|private|secret|signing|encryption|master|shared|account)[_.-]?key|credentials?|client[_.-]?secret|session[_.-]?id|sessid|otp|pin[_.-]?code|signature)';

/** A key-like word, then `=`, `:` or `=>`; also as a JSON or INI key, and with a prefix or suffix such as DB_PASSWORD_FILE. */
const ASSIGNED = new RegExp(`${WORD}[\\w.-]{0,32}["'\`\\]]{0,2}[ \\t]{0,8}(?::=|=>|[:=])[ \\t]{0,8}`, 'gi');
/** `--password SECRET` */
const OPTION = new RegExp(`--?[\\w-]{0,32}${WORD}[\\w-]{0,16}[ \\t]{1,8}`, 'gi');
/** The whole rest of such a line is a secret. */
const HEADER =
  /(?:authorization|cookie2?|x-(?:[a-z]{1,32}-){0,4}(?:key|token|secret|auth|signature))["']?[ \t]{0,8}[:=][ \t]{0,8}/gi;
const SCHEME = /\b(?:bearer|basic|digest|negotiate)[ \t]{1,8}/gi;
/** Something long after a word that speaks of keys. */
const LONG = new RegExp(
  `(?:${WORD}|\\bkeys?|\\bhmac|\\bpsk|\\bnonce|\\bseed)["'\`]{0,2}[ \\t:=>"'\`]{1,8}(?:is[ \\t]{1,4})?`,
  'gi',
);

const KNOWN =
  /(?<![\w-])(?:(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{12,128}|gh[pousr]_[A-Za-z0-9]{16,255}|github_pat_\w{16,255}|glpat-[\w-]{16,255}|xox[a-z]-[\w-]{8,255}|xapp-[\w-]{8,255}|sk-[\w-]{16,255}|[rs]k_(?:live|test)_\w{8,255}|AIza[\w-]{30,64}|ya29\.[\w.-]{16,512}|npm_[A-Za-z0-9]{30,64}|dop_v1_[0-9a-f]{32,128}|hv[sbr]\.[\w-]{16,255}|SG\.[\w-]{16,64}\.[\w-]{16,64}|AGE-SECRET-KEY-[A-Z0-9]{16,128}|PRIVATE\+KEY\+[\w.+/=-]{8,512}|eyJ[\w-]{8,4096}\.[\w-]{8,8192}(?:\.[\w-]{0,4096})?)/g;

const BEGIN = /-----BEGIN [A-Z0-9 ]{0,64}PRIVATE KEY(?: BLOCK)?-----/g;
const END = /-----END [A-Z0-9 ]{0,64}PRIVATE KEY(?: BLOCK)?-----/g;

export function redact(text: string): string {
  let now = redactPem(text);
  now = redactUrls(now);
  now = after(now, HEADER, restOfLine);
  now = after(now, SCHEME, (rest, at) => tokenEnd(rest, at, 6));
  now = after(now, OPTION, (rest, at) => (rest[at] === '-' ? at : valueEnd(rest, at)));
  now = after(now, ASSIGNED, valueEnd);
  now = after(now, LONG, (rest, at) => tokenEnd(rest, at, 20));
  return now.replace(KNOWN, REDACTED);
}

/** Replaces what follows each match up to where `endOf` says; nothing where that is where it begins. */
function after(text: string, pattern: RegExp, endOf: (text: string, at: number) => number): string {
  const parts: string[] = [];
  let kept = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const start = pattern.lastIndex;
    const end = endOf(text, start);
    if (end <= start) continue;
    parts.push(text.slice(kept, start), REDACTED);
    kept = end;
    pattern.lastIndex = end;
  }
  parts.push(text.slice(kept));
  return parts.join('');
}

const TO_LINE_END = /[^\r\n]*/y;
const TO_BLANK = /[^\s,;&"'`<>(){}]*/y;
const TOKEN = /[A-Za-z0-9+/_=.~-]*/y;

function scan(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  pattern.exec(text);
  return pattern.lastIndex;
}

function restOfLine(text: string, at: number): number {
  return scan(TO_LINE_END, text, at);
}

function tokenEnd(text: string, at: number, least: number): number {
  const end = scan(TOKEN, text, at);
  return end - at >= least ? end : at;
}

/** A quoted text with its quotes, or what goes on to a blank or a mark that ends a value. */
function valueEnd(text: string, at: number): number {
  if (text.startsWith(REDACTED, at)) return at + REDACTED.length;
  const quote = text[at];
  if (quote !== '"' && quote !== "'" && quote !== '`') return scan(TO_BLANK, text, at);
  for (let i = at + 1; i < text.length; i++) {
    const char = text[i];
    if (char === '\n') return i;
    if (char === '\\') i++;
    else if (char === quote) return i + 1;
  }
  return text.length;
}

/** `scheme://user:password@host`, `scheme://token@host` */
function redactUrls(text: string): string {
  const parts: string[] = [];
  let kept = 0;
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', kept)) {
    const start = at + 3;
    const end = scan(AUTHORITY, text, start);
    const authority = text.slice(start, end);
    const host = authority.lastIndexOf('@');
    const colon = authority.indexOf(':');
    const password = colon >= 0 && colon < host;
    // A long name without a password is a token.
    if (password || host >= 16) {
      parts.push(text.slice(kept, start + (password ? colon + 1 : 0)), REDACTED);
      kept = start + host;
    } else {
      parts.push(text.slice(kept, end));
      kept = end;
    }
  }
  parts.push(text.slice(kept));
  return parts.join('');
}

const AUTHORITY = /[^\s/?#"'`<>]*/y;

/** A block that was cut off before its end is a secret up to where it ends. */
function redactPem(text: string): string {
  const parts: string[] = [];
  let kept = 0;
  BEGIN.lastIndex = 0;
  for (let match = BEGIN.exec(text); match !== null; match = BEGIN.exec(text)) {
    parts.push(text.slice(kept, match.index), REDACTED);
    END.lastIndex = BEGIN.lastIndex;
    if (END.exec(text) === null) return parts.join('');
    kept = END.lastIndex;
    BEGIN.lastIndex = kept;
  }
  parts.push(text.slice(kept));
  return parts.join('');
}
