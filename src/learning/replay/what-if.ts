import type { ControlView } from '../../core/registry/queries/control.js';
import { idList } from '../state/entry-fields.js';
import { KeepReplay, type KeptReplay } from './keep-replay.js';
import { OrderReplay, type OrderReplayed } from './order-replay.js';

/** `gamma`: another {@link OrderSetting.keep}, of one check or of all. */
export type WhatIf =
  | { readonly kind: 'order'; readonly check: string; readonly order: readonly string[] }
  | { readonly kind: 'gamma'; readonly keep: number; readonly check: string | undefined };

export type WhatIfAnswer = ({ readonly kind: 'order' } & OrderReplayed) | ({ readonly kind: 'gamma' } & KeptReplay);

const PAGE = 500;

/** `order=CHECK:a,b,c` or, with a check named besides, `order=a,b,c`; `gamma=0.9`. `undefined`: neither. */
export function readWhatIf(text: string, check: string | undefined): WhatIf | undefined {
  const [, name, value = ''] = /^(order|gamma)=(.*)$/s.exec(text) ?? [];
  if (name === 'gamma') {
    const keep = /^(0?\.\d{1,9}|1(\.0{1,9})?)$/.test(value) ? Number(value) : 0;
    return keep > 0 ? { kind: 'gamma', keep, check } : undefined;
  }
  // A check that is named besides may have any name.
  const named = check !== undefined && !value.startsWith(`${check}:`) ? `${check}:${value}` : value;
  const about = check ?? named.slice(0, Math.max(0, named.indexOf(':')));
  const order = idList(named.slice(about.length + 1).split(','));
  if (name !== 'order' || about === '' || order === undefined) return undefined;
  return { kind: 'order', check: about, order };
}

/** What the logs say of it. Takes O(entries) time, and memory for a page of them. */
export function answerWhatIf(question: WhatIf, log: Pick<ControlView, 'learnerEntries' | 'episodeAt'>): WhatIfAnswer {
  const replay =
    question.kind === 'order' ? new OrderReplay(question.check, question.order, log) : new KeepReplay(question.keep);
  for (let after = 0; ; ) {
    const page = log.learnerEntries(after, PAGE);
    for (const entry of page) replay.take(entry);
    after = page.at(-1)?.line ?? after;
    if (page.length < PAGE) break;
  }
  return replay instanceof OrderReplay
    ? { kind: 'order', ...replay.result() }
    : { kind: 'gamma', ...replay.result(question.check) };
}
