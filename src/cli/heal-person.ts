import { EXIT, OperatorError } from '../core/errors.js';
import type { Draft } from '../core/ledger.js';
import type { ControlView } from '../core/registry/queries/control.js';
import type { Context } from './context.js';
import { escapeText } from './output/escape.js';
import { type Person, personOf, type Rights, requireGrant } from './person.js';
import type { WritingOptions } from './where.js';
import { openForWriting, type Writing } from './writing.js';

export type PersonalOptions = WritingOptions & { readonly json?: boolean };

/** What is written down in the name of a person, and the sentence that tells them so. */
export type Deed = Draft<string>;

interface Asking {
  readonly rights: Rights;
  readonly grant: 'ack' | 'close' | 'approve' | 'silence' | 'brake';
  /** What it is about, for the log, if it is denied. */
  readonly subject: string;
}

type Work = (person: Person, rule: string, writing: Writing) => (view: ControlView) => Deed;

/** Does something in the name of whoever asks, if they may. */
export async function asPerson(ctx: Context, options: PersonalOptions, asking: Asking, work: Work): Promise<number> {
  const { rights, grant, subject } = asking;
  const writing = await openForWriting(ctx, options);
  try {
    const person = personOf(ctx);
    const rule = await requireGrant(rights, person, grant, writing, subject);
    const { value, entries } = await writing.ledger.transact(work(person, rule, writing), {
      reserve: grant === 'brake',
    });
    if (options.json) {
      const { writeJson } = await import('./output/json.js');
      writeJson(ctx.out, { schema: 'grace.done/1', done: value, entries: entries.map(({ entry_id }) => entry_id) });
    } else {
      ctx.out.write(`${escapeText(value)}\n`);
    }
    return EXIT.done;
  } finally {
    writing.ledger.close();
  }
}

const MOST_NOTE = 1024;

/** What a person has to say; kept with the deed. */
export function noteOption(name: string, text: string | undefined): string | undefined {
  if (text === undefined || text.length <= MOST_NOTE) return text;
  throw new OperatorError('GRACE_USAGE', EXIT.usage, `${name} has more than ${MOST_NOTE} characters`, {
    hint: `${name} 'a sentence'`,
  });
}
