import { closest } from '../core/config/closest.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { describePlaybook } from '../healing/steps/describe-playbook.js';
import type { Context } from './context.js';
import { loadForHealing } from './healing.js';
import { escapeText } from './output/escape.js';
import type { WhereOptions } from './where.js';

export type PlaybooksOptions = WhereOptions & { readonly json?: boolean };

/** What each remedy does and can destroy, who uses it, and whether it runs by itself. */
export async function runHealPlaybooks(ctx: Context, names: readonly string[], options: PlaybooksOptions) {
  const { config } = await loadForHealing(ctx, options, false);
  const known = Object.keys(config.playbooks);
  for (const name of names) {
    if (known.includes(name)) continue;
    throw new OperatorError('GRACE_UNKNOWN_PLAYBOOK', EXIT.usage, `there is no playbook ${name}`, {
      hint: known.length === 0 ? 'grace config show' : `grace heal playbooks ${closest(name, known)}`,
    });
  }
  const described = Object.entries(config.playbooks)
    .filter(([id]) => names.length === 0 || names.includes(id))
    .map(([id, playbook]) => ({
      ...describePlaybook(id, playbook),
      used_by: Object.entries(config.checks).flatMap(([check, { heal }]) => (heal.includes(id) ? [check] : [])),
      autonomy: config.policy.autonomy[playbook.risk],
    }));
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    writeJson(ctx.out, { schema: 'grace.playbooks/1', playbooks: described });
    return EXIT.done;
  }
  const style = await ctx.style();
  if (described.length === 0) ctx.out.write('grace.yaml names no playbook\n');
  for (const playbook of described) {
    const used = playbook.used_by.length === 0 ? 'used by no check' : `for ${playbook.used_by.join(', ')}`;
    ctx.out.write(
      `${style.bold(escapeText(playbook.id))}: risk ${playbook.risk}, ${AUTONOMY[playbook.autonomy]}; ${escapeText(used)}\n`,
    );
    for (const step of playbook.steps) ctx.out.write(`  ${escapeText(stepLine(step))}\n`);
    for (const step of playbook.rollback) ctx.out.write(`  undone by ${escapeText(stepLine(step))}\n`);
  }
  return EXIT.done;
}

const AUTONOMY = {
  auto: 'runs by itself',
  approve: 'needs an approval',
  never: 'never runs by itself',
} as const;

type Described = ReturnType<typeof describePlaybook>['steps'][number];

function stepLine({ name, does, destroys, timeout_s, repeatable }: Described): string {
  const again = repeatable ? '; may be repeated' : '';
  return `${name}: ${does}; destroys ${destroys}; at most ${timeout_s} s${again}`;
}
