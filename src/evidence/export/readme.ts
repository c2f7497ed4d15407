import { formatVerifierKey } from '../../core/audit/keys.js';
import type { SealedLog } from '../../core/seal/sealed-log.js';
import { SIDECAR_DIR } from '../../core/seal/sidecar.js';
import { shellQuoted } from '../../core/shell-quoted.js';
import { signatureStart } from '../signature-start.js';
import { count, counted } from '../words.js';
import type { Adoption } from './lines.js';

/** What an export says of itself. */
export interface ExportFacts {
  readonly log: SealedLog;
  readonly exported_at: string;
  /** Lines of older files that were not there; their hashes are. */
  readonly absent: number;
  /** Lines after those that the note covers. */
  readonly unsealed: number;
  /** Bytes after the last line ends of both logs, which are left out. */
  readonly unterminated: number;
  readonly adoption: Adoption | undefined;
}

/** A readable report for whoever opens the archive, and the commands that check it. */
export function exportReadme(facts: ExportFacts): string {
  const { log, exported_at } = facts;
  const { origin, size, root } = log.checkpoint;
  const absent = facts.absent === 0 ? '' : ` -absent ${facts.absent}`;
  return `EVIDENCE OF GRACE

What this is: the logs of grace on one host, what makes them tamper-evident, and how to check that without grace and
without trust in that host.

  log        ${origin}
  exported   ${exported_at}
  signed     ${counted(size, 'line')}, root ${root.toString('base64')}
  key        ${formatVerifierKey(log.signer)}
${reservations(facts)}

WHAT YOU NEED FROM ELSEWHERE

The public key, as grace printed it when the log was sealed: one line, kept away from that host. It is the file log.vkey
beside this directory in what follows. The key in here proves nothing by itself: whoever forges the log forges it, too.
If you have an older checkpoint of this log, or one that a witness has signed: see 4.
${replaced(log.keys.length)}
HOW TO CHECK IT, in this directory

1. Nothing was lost on the way:

     sha256sum --check --quiet MANIFEST

2. The signature (openssl 3): it must say "Signature Verified Successfully".

     (printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'
      tail -n 1 ../log.vkey | tr -d '\\n' | tail -c 44 | base64 -d | tail -c 32) > ../key.der
     sed '/^$/,$d' ${SIDECAR_DIR}/checkpoint > ../signed
     grep -F ${shellQuoted(signatureStart(log))} ${SIDECAR_DIR}/checkpoint |
       cut -d ' ' -f 3 | base64 -d | tail -c 64 > ../signature
     openssl pkeyutl -verify -pubin -keyform DER -inkey ../key.der -rawin -in ../signed -sigfile ../signature

3. Every line of the audit log, and every incident line that it vouches for. The program is verify.go, the same as
   docs/verify/main.go of grace: take that one if you have it, or read this one first; it came from the host that is in
   question. On Debian: apt-get install golang-go golang-golang-x-mod-dev

     GO111MODULE=off GOPATH=/usr/share/gocode go build -o ../verify verify.go
     ../verify -vkey ../log.vkey${absent}

4. That the log goes on from a checkpoint which was kept elsewhere, or which a witness has signed:

     ../verify -vkey ../log.vkey${absent} -note ../older-checkpoint

WHAT IS IN IT

  MANIFEST                 the SHA-256 of every other file
  immutable_audit.jsonl*   the audit log: what was done and decided, one entry a line; all its files
  incidents.jsonl*         incidents, one snapshot a line; the entries incident_snapshot of the audit log vouch for them
  ${SIDECAR_DIR}/
    checkpoint             the newest signed note: origin, lines, root, signature (C2SP tlog-checkpoint)
    checkpoints            all of them
    witnessed              those that witnesses have signed, if any have (C2SP tlog-cosignature)
    vkey                   the public keys of the log, the newest last
    tile/                  the hashes of its tree (C2SP tlog-tiles)
  key.pem                  the newest public key, for openssl
  verify.go                the program of 3

A line's leaf in the tree is SHA-256 of a zero byte and the line without its line feed; the tree is that of RFC 6962.

WHAT IT DOES NOT SHOW

Lines that were never written; what was done to the lines from before the seal; that the host did not rewrite the log and
its seal together since the last checkpoint that you or a witness have. Whoever has the account of grace on that host can
append what it likes, from then on.
`;
}

/** Whoever was given the first key finds that it verifies nothing here. */
function replaced(keys: number): string {
  if (keys < 2) return '';
  return `The key was replaced ${counted(keys - 1, 'time')} since: if yours is an older one, see "When the key was replaced" in docs/verify.md.
`;
}

function reservations(facts: ExportFacts): string {
  const { adoption, absent, unsealed, unterminated } = facts;
  return [
    adoptionLine(adoption),
    ...(absent === 0
      ? []
      : [`absent     lines 1 to ${count(absent)}: they are in older files that were not there; their hashes are here`]),
    ...(unsealed === 0 ? [] : [`not sealed the last ${counted(unsealed, 'line')}: written after that note`]),
    ...(unterminated === 0
      ? []
      : [
          `left out   ${counted(unterminated, 'byte')} after the last line ends: lines that were being written, or torn`,
        ]),
  ]
    .map((line) => `  ${line}`)
    .join('\n');
}

function adoptionLine(adoption: Adoption | undefined): string {
  if (!adoption) return 'sealed     the entry by which it was sealed is not among the lines that are here';
  const { lines, incidents, at } = adoption;
  if (lines === 0 && incidents === 0) return `sealed     since ${at}, from its first line on`;
  return `sealed     since ${at}; ${counted(lines, 'line')} of the audit log and ${counted(incidents, 'line')} of incidents.jsonl
             were there by then. What was done to those earlier, nobody can tell`;
}
