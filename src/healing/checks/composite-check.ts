import { AsyncLocalStorage } from 'node:async_hooks';
import type { Check, Finding, ProbeStatus } from '../check.js';
import { shortened } from './shown.js';

/** The composites around the present one, outermost first. */
const around = new AsyncLocalStorage<readonly string[]>();

interface Member extends Finding {
  readonly name: string;
}

/** Looks at other checks, all at once, and makes one finding of theirs. */
export async function probeComposite(
  how: 'all' | 'any',
  name: string,
  names: readonly string[],
  other: (name: string) => Check | undefined,
): Promise<Finding> {
  const outer = around.getStore() ?? [];
  // Without an end it would ask itself for ever.
  if (outer.includes(name)) return { status: 'unknown', summary: `${name} refers to itself` };
  const members = await around.run([...outer, name], () =>
    Promise.all(
      names.map(async (member): Promise<Member> => {
        const check = other(member);
        if (check === undefined) return { name: member, status: 'unknown', summary: 'there is no such check' };
        return { ...(await check.probe()), name: member };
      }),
    ),
  );
  return judgeComposite(how, members);
}

/** `all`: the worst of them. `any`: ok when one is, else the best. An unknown one counts where it could still decide. */
export function judgeComposite(how: 'all' | 'any', members: readonly Member[]): Finding {
  const order: readonly ProbeStatus[] =
    how === 'all' ? ['critical', 'unknown', 'warning', 'ok'] : ['ok', 'unknown', 'warning', 'critical'];
  const status = order.find((one) => members.some((member) => member.status === one)) ?? 'unknown';
  const well = members.filter((member) => member.status === 'ok');
  if (status === 'ok') {
    const summary = how === 'all' ? `all of ${members.length} are ok` : `${well.map(({ name }) => name).join(', ')} ok`;
    return { status, summary: shortened(summary) };
  }
  const others = members.filter((member) => member.status !== 'ok');
  return { status, summary: shortened(others.map((m) => `${m.name} ${m.status}: ${m.summary}`).join('; ')) };
}
