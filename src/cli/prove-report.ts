import type { SealedLog } from '../core/seal/sealed-log.js';
import { shellQuoted } from '../core/shell-quoted.js';
import { signatureStart } from '../evidence/signature-start.js';
import { counted } from '../evidence/words.js';
import { escapeText } from './output/escape.js';
import type { ProveTarget } from './prove-target.js';

/** A line whose proof leads to the root that was signed. */
export interface Proved {
  readonly log: SealedLog;
  readonly vkey: string;
  readonly target: ProveTarget;
  /** The line, without its LF. */
  readonly entry: Buffer;
  readonly leaf: Buffer;
  /** The tlog-proof. */
  readonly text: string;
  readonly incident: (NonNullable<ProveTarget['incident']> & { readonly bytes: Buffer }) | undefined;
}

/** The document of `--json`; docs/json.md is its contract. */
export function proofJson(proved: Proved, dir: string, file: string | undefined): object {
  const { log, vkey, target, entry, leaf, text, incident } = proved;
  const { origin, size, root } = log.checkpoint;
  return {
    schema: 'grace.proof/1',
    logs: dir,
    ...{ origin, size, root: root.toString('base64') },
    ...{ line: target.line, index: target.line - 1 },
    entry_id: target.entry?.entry_id ?? null,
    own: isOwn(target),
    ...lineJson('entry', entry),
    leaf_sha256: leaf.toString('hex'),
    proof: text,
    vkey,
    file: file ?? null,
    incident: incident
      ? {
          incident_id: incident.incident_id,
          offset: incident.binding.position,
          length: incident.binding.length,
          sha256: incident.binding.sha256,
          ...lineJson('text', incident.bytes),
        }
      : null,
  };
}

/** A line need not be text; one that is not is given as base64. */
function lineJson(name: string, bytes: Buffer): object {
  const text = bytes.toString('utf8');
  const isText = Buffer.from(text).equals(bytes);
  return { [name]: isText ? text : null, [`${name}_base64`]: isText ? null : bytes.toString('base64') };
}

/** For a terminal beside a proof that went to standard output. */
export function proofNotes(proved: Proved): string {
  return [
    `grace: note: ${escapeText(headline(proved))}`,
    `grace: note: the line: ${escapeText(proved.entry.toString('utf8'))}`,
    ...(proved.incident
      ? [`grace: note: the incident's line: ${escapeText(proved.incident.bytes.toString('utf8'))}`]
      : []),
    'grace: note: with --out FILE these are written too, with the commands that check them\n',
  ].join('\n');
}

/** What was written, and how a stranger checks it. */
export function proofText(proved: Proved, file: string): string {
  const { target, entry, incident, text } = proved;
  const bytes = (n: number) => `${n} bytes`;
  const files = [
    [file, `the proof, ${bytes(Buffer.byteLength(text))}`],
    [`${file}.entry`, `the line, ${bytes(entry.length)}${target.entry ? `: ${nameOf(target.entry)}` : ''}`],
    ...(incident
      ? [[`${file}.incident`, `the line of incidents.jsonl that it vouches for, ${bytes(incident.bytes.length)}`]]
      : []),
  ];
  return [
    `PROVED: ${escapeText(headline(proved))}`,
    ...files.map(([name = '', what = '']) => `  ${escapeText(name)}  ${escapeText(what)}`),
    '',
    'Whoever has kept the public key of this log checks it on any machine, without grace:',
    ...checkCommands(proved, file).map((line) => (line === '' ? '' : `  ${line}`)),
    '',
  ].join('\n');
}

function headline({ log, target }: Proved): string {
  const { origin, size } = log.checkpoint;
  const whose = isOwn(target)
    ? ''
    : "; it is no entry of grace's own and has no effect: the proof says that it stands there, no more";
  return `line ${target.line} is in the log of ${counted(size, 'line')} that ${origin} signed for${whose}`;
}

/** A line that is no entry may be anybody's, too. */
function isOwn({ entry }: ProveTarget): boolean {
  return entry?.own === 1;
}

function nameOf({ entry_id, action, resource }: NonNullable<ProveTarget['entry']>): string {
  return [entry_id, action, resource].filter((word) => word !== '').join(' ');
}

/** RFC 8410: what stands before the 32 bytes of an Ed25519 public key, for `printf`. */
const DER_PREFIX = '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000';

/** Base64 of a type and 32 bytes: the end of a vkey. */
const KEY_CHARACTERS = 44;

function checkCommands(proved: Proved, file: string): string[] {
  const { vkey, leaf, incident } = proved;
  const q = (suffix: string) => shellQuoted(`${file}${suffix}`);
  return [
    `# the key of ${escapeText(vkey)}; compare it with the one that was kept`,
    `(printf '${DER_PREFIX}'; echo ${shellQuoted(vkey.slice(-KEY_CHARACTERS))} | base64 -d | tail -c 32) > ${q('.key')}`,
    '# what was signed, and the signature',
    `sed '1,/^$/d' < ${q('')} | sed '/^$/,$d' > ${q('.signed')}`,
    `grep -F ${shellQuoted(signatureStart(proved.log))} < ${q('')} | cut -d ' ' -f 3 | base64 -d | tail -c 64 > ${q('.signature')}`,
    `openssl pkeyutl -verify -pubin -keyform DER -inkey ${q('.key')} -rawin -in ${q('.signed')} -sigfile ${q('.signature')}`,
    '# the hash of the line, from which the proof leads to the root that was signed',
    `(printf '\\000'; cat < ${q('.entry')}) | sha256sum   # ${leaf.toString('hex')}`,
    ...(incident
      ? [
          '# the incident has the hash that the line says',
          `sha256sum < ${q('.incident')}   # ${incident.binding.sha256}`,
          `grep -c ${incident.binding.sha256} < ${q('.entry')}`,
        ]
      : []),
    '# all of it, the way to the root too; docs/verify.md says how this program is built from its source',
    `./verify -vkey log.vkey -proof ${q('')} -entry ${q('.entry')}${incident ? ` -incident ${q('.incident')}` : ''}`,
  ];
}
