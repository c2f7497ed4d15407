import type { Checkpoint } from '../../core/audit/checkpoint.js';
import type { FilePlace, IncidentFindings } from './incident-check.js';
import type { AbsentLines, LeafFindings } from './leaf-check.js';

/** What is known of a seal before a line of the log is read. */
export type SealFacts =
  | { readonly state: 'none'; readonly why: string }
  /** Signed, but not by the key that was to have signed. */
  | { readonly state: 'wrong key'; readonly why: string }
  | {
      readonly state: 'signed';
      readonly checkpoint: Checkpoint;
      /** The public keys that signed the newest note, in note form. */
      readonly signers: readonly string[];
      /** The public keys that the auditor holds the log to, in note form; none: the host's word is taken. */
      readonly given: readonly string[];
      /** Of each known key the newest note that it signed, where the newest of all is not by one that was given. */
      readonly bridges: ReadonlyMap<string, Checkpoint>;
    };

/** The entry with which a log was sealed, as the log has it. */
export interface Adoption {
  /** 1-based. */
  readonly line: number;
  readonly at: string;
  readonly origin: string;
  /** Of the lines before. */
  readonly lines: number;
  readonly bytes: number;
  readonly vkey: string;
  /** The origin as which it was sealed before, if the former seal was lost. */
  readonly replaces: string | null;
}

/** An entry that names the key that signs from then on. */
export interface KeyReplacement {
  /** 1-based. */
  readonly line: number;
  readonly at: string;
  readonly old: string | null;
  readonly new: string;
  /** The old key was not there to agree. */
  readonly isBreak: boolean;
}

/** A checkpoint from outside, held against the log. */
export interface OutsideCheckpoint {
  /** Where it was found. */
  readonly source: string;
  readonly size: number;
  readonly verdict: 'consistent' | 'contradicts' | 'of another log' | 'not signed';
  readonly why: string;
  /** Who cosigned it and when, in UTC; only names whose key was given from outside. */
  readonly witnesses: readonly { readonly name: string; readonly at: string }[];
}

export interface NoteFindings {
  readonly notes: number;
  readonly bad: number;
  readonly first_bad: string | null;
  /** Whose roots the remembered hashes do not tell any more. */
  readonly unchecked: number;
  /** In the file of notes, and in no whole one. */
  readonly stray_bytes: number;
}

/** Everything that a verification has found. */
export interface AuditFacts {
  readonly seal: SealFacts;
  readonly leaves: LeafFindings | undefined;
  /** Where the first bad line stands: the file and the byte. */
  readonly badPlace: { readonly file: string; readonly offset: number } | undefined;
  readonly adoption: Adoption | undefined;
  /** In the order of the log. */
  readonly replacements: readonly KeyReplacement[];
  /** The keys of those bridges whose lines are the first of the log. */
  readonly bridgesHold: ReadonlySet<string>;
  /** Keys that the log names and that have signed some note; only where the last of them did not sign the newest. */
  readonly signedOnce: ReadonlySet<string>;
  /** Lines that are taken for those of a file that was put away, by the word of nobody but another program. */
  readonly unstated: AbsentLines | undefined;
  readonly incidents: IncidentFindings | undefined;
  readonly outside: readonly OutsideCheckpoint[];
  /** Names of witnesses whose keys the auditor gave, and who signed none of these. */
  readonly silentWitnesses: readonly string[];
  /** Who says to have seen the log last, by what stands beside it. */
  readonly lastWitness: { readonly name: string; readonly at: string; readonly size: number } | undefined;
  /** Every note that was ever signed; only in a full verification. */
  readonly notes: NoteFindings | undefined;
  /** Lines of other programs that were sealed, without effect. */
  readonly foreignLines: number;
  /** Lines that the copy of the newest note covers, where it is newer than every note in the file of notes. */
  readonly notesLost: number | undefined;
  /** Our own lines are waiting for a signature, and the key is not there. */
  readonly keyGone: boolean;
  /** Lines that were read now; the others were read at `since`. */
  readonly read: number;
  readonly since: string | undefined;
  /** Where a next verification may go on. */
  readonly ends: { readonly audit: FilePlace | undefined; readonly incidents: FilePlace | undefined };
  /** Losses that the log states itself. */
  readonly statedLosses: number;
}
