import { isOrder, type Setting } from '../learning/governance/change.js';
import { settingWords } from '../learning/governance/setting-words.js';
import { escapeText } from './output/escape.js';
import type { Out } from './output/streams.js';
import { formatSeconds } from './output/time.js';
import { wrap } from './output/width.js';

/** `restart-web, then clear-cache`, `12.5 s`, `2 of 3`. Data: escape it before it is shown. */
export function settingText(setting: Setting): string {
  return typeof setting === 'number' ? formatSeconds(setting) : settingWords(setting);
}

interface Changed {
  readonly check: string;
  readonly playbook: string | null;
  readonly from: Setting;
  readonly to: Setting;
}

/** What a change is about: `web`, or `web: wait after restart-web`. */
export function subjectText({ check, playbook }: Pick<Changed, 'check' | 'playbook'>): string {
  return playbook === null ? check : `${check}: wait after ${playbook}`;
}

/** In one sentence: `web tries restart-web, then clear-cache`. */
export function changeSentence(change: Changed): string {
  const { check, playbook, from, to } = change;
  if (isOrder(to)) {
    const left = isOrder(from) ? from.filter((id) => !to.includes(id)) : [];
    const without = left.length === 0 ? '' : `, and ${left.join(', ')} no more`;
    return `${check} tries ${settingText(to)}${without}`;
  }
  if (playbook !== null) return `${check} waits ${settingText(to)} for health after ${playbook}`;
  return `${check} goes from ${settingText(from)} to ${settingText(to)}`;
}

/** Text from data and from here alike: escaped, and on a terminal broken into lines that fit. */
export function say(out: Out, text: string, indent = ''): void {
  const whole = escapeText(text);
  const room = out.columns - indent.length;
  for (const line of out.isTTY && room > 16 ? wrap(whole, room) : [whole]) out.write(`${indent}${line}\n`);
}

/** To three digits, without an exponent where it can be helped; `–` where there is none. */
export function figure(value: number | null): string {
  return value === null ? '–' : String(Number(value.toPrecision(3)));
}

/** `87 %`; all and nothing only where it is all and nothing. */
export function share(value: number | null): string {
  if (value === null) return '–';
  const percent = Math.round(value * 100);
  if (percent === 100 && value < 1) return '> 99 %';
  if (percent === 0 && value > 0) return '< 1 %';
  return `${percent} %`;
}

export function many(n: number, one: string, several = `${one}s`): string {
  return `${n} ${n === 1 ? one : several}`;
}
