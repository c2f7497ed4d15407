import { isOrder, type Setting } from './change.js';

/** `restart-web, then clear-cache`; `12.5 s`; else the text itself. Data: whoever shows it escapes it. */
export function settingWords(setting: Setting): string {
  if (isOrder(setting)) return setting.length === 0 ? 'nothing' : setting.join(', then ');
  return typeof setting === 'number' ? `${Number(setting.toPrecision(3))} s` : setting;
}
