import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONFIRM_RULES } from '../../../src/learning/detection/advise.js';
import { compare } from '../../../src/learning/detection/comparison.js';
import { stretchesOf } from '../../../src/learning/detection/looks.js';
import { EVERY_S, episodesIn, probesIn } from './past.js';
import { replayedByHand } from './replayed-by-hand.js';

const rule = (text: string) => {
  const [need = 0, of = 0] = text.split(' of ').map(Number);
  return { need, of };
};

function compared(text: string, today: string, instead: string, episodes = '', every_s = EVERY_S) {
  const stretches = stretchesOf(probesIn(text, every_s), every_s);
  return compare(stretches, episodesIn(episodes), { today: rule(today), instead: rule(instead), every_s });
}

describe('the replay', () => {
  test.each([
    // A single bad probe, which passed by itself.
    ['oocooo', '1 of 1', '2 of 2', '', { false_alarms: 1, false_alarms_instead: 0, failures: 0 }],
    ['oocooo', '2 of 2', '1 of 1', '', { false_alarms: 0, false_alarms_instead: 1, more: 1 }],
    // Nobody saw how it went on, or how it had begun.
    ['ooocoo', '1 of 1', '2 of 2', '', { false_alarms: 0, failures: 0 }],
    ['coooo', '1 of 1', '2 of 2', '', { false_alarms: 0, failures: 0 }],
    ['ucoooo', '1 of 1', '2 of 2', '', { false_alarms: 0, failures: 0 }],
    // Grace did not run: nothing for five periods. Nothing for three happens.
    ['ooc    ooo', '1 of 1', '2 of 2', '', { false_alarms: 0, failures: 0 }],
    ['ooc  oooo', '1 of 1', '2 of 2', '', { false_alarms: 1, failures: 0 }],
    ['ooc    coooo', '1 of 1', '2 of 2', '', { false_alarms: 0, failures: 0 }],
    // A remedy ran: what passes after it was confirmed has not passed by itself.
    ['ooccooo', '2 of 3', '3 of 3', '  R', { failures: 1, missed: 0, latest_s: 10, saved_s: -10, false_alarms: 0 }],
    ['ooccooo', '2 of 3', '1 of 1', '  R', { failures: 1, missed: 0, latest_s: 0, saved_s: 10, more: 0 }],
    ['ooccooo', '2 of 3', '3 of 3', '  P', { failures: 1, missed: 0, latest_s: 10, false_alarms: 0 }],
    ['ooccooo', '2 of 3', '3 of 3', '  S', { failures: 0, false_alarms: 1, false_alarms_instead: 0 }],
    // Up and down: it would have gone on like that, and three in a row never come.
    ['oococooo', '2 of 3', '3 of 3', '  R', { failures: 1, missed: 1 }],
    ['oococooo', '2 of 3', '3 of 5', '  R', { failures: 1, missed: 0, latest_s: 10 }],
    ['oocowcooo', '3 of 5', '3 of 3', '  R', { failures: 1, missed: 1 }],
    ['ooccwcooo', '3 of 5', '5 of 5', '  R', { failures: 1, missed: 1 }],
    // The remedy was in vain and took long; what follows is the same failure.
    ['oocc     ccccooo', '2 of 3', '1 of 1', '  R', { failures: 1, false_alarms: 0, saved_s: 10 }],
    ['oocc     c     ccooo', '2 of 3', '1 of 1', '  R', { failures: 1, more: 0, false_alarms: 0 }],
    ['oocc     uu     ccooo', '2 of 3', '1 of 1', '  R', { failures: 1, false_alarms: 0 }],
    ['oocc     c     cooo', '2 of 3', '1 of 1', '  R', { failures: 1, more: 0 }],
    ['oocc     uu     cooo', '2 of 3', '1 of 1', '  R', { failures: 1, more: 0 }],
    ['oocc     oocooo', '2 of 3', '1 of 1', '  R', { failures: 1, more: 1, false_alarms_instead: 1 }],
    ['oocc     ccooo', '2 of 3', '1 of 1', '  R      R', { failures: 2 }],
    // It passed by itself, and took a minute and ten seconds: whoever was concerned would want to know.
    ['oocccccccooo', '2 of 3', '3 of 3', '  S', { failures: 1, missed: 0, latest_s: 10, false_alarms: 0 }],
    ['ooccccccooo', '2 of 3', '3 of 3', '  S', { failures: 0, false_alarms: 1, false_alarms_instead: 1 }],
    // A warning is no failure and no pass; what could not run is neither.
    ['oowwwwooo', '1 of 1', '2 of 2', '', { false_alarms: 0, failures: 0 }],
    ['oocuucooo', '2 of 2', '3 of 3', '', { false_alarms: 1, false_alarms_instead: 0, probes: 7 }],
    ['ooc??cooo', '2 of 2', '3 of 3', '', { false_alarms: 1, false_alarms_instead: 0, probes: 7 }],
    ['uuuu', '1 of 1', '2 of 2', '', { probes: 0, failures: 0, false_alarms: 0 }],
    ['', '1 of 1', '2 of 2', '', { probes: 0, failures: 0, false_alarms: 0 }],
  ])('%s, %s against %s, %s', (text, today, instead, episodes, expected) => {
    expect(compared(text, today, instead, episodes)).toMatchObject(expected);
  });

  test('what counts as short: five probes, within a minute and a quarter of an hour', () => {
    // Failing for n periods.
    const alarms = (n: number, every_s: number) => compared(`oo${'c'.repeat(n)}ooo`, '1 of 1', '2 of 2', '', every_s);
    for (const [every_s, most] of [
      ...[
        [1, 60],
        [12, 5],
        [13, 5],
        [30, 5],
      ],
      ...[
        [180, 5],
        [200, 4],
        [300, 3],
        [901, 0],
      ],
    ] as const) {
      if (most > 0) expect(alarms(most, every_s), `${every_s}`).toMatchObject({ false_alarms: 1, failures: 0 });
      expect(alarms(most + 1, every_s), `${every_s}`).toMatchObject({ false_alarms: 0, failures: 1 });
    }
  });

  test('a probe may come late by three periods, three times its own duration, and a second', () => {
    const late = (late_ms: number, duration_s: number) => {
      const probes = probesIn('oocooo').map((probe, i) => ({
        ...{ ...probe, duration_s },
        at: new Date(Date.parse(probe.at) + (i < 3 ? 0 : late_ms)).toISOString(),
      }));
      return stretchesOf(probes, EVERY_S).length;
    };
    expect([late(21_000, 0), late(21_001, 0)]).toEqual([1, 2]);
    expect([late(27_000, 2), late(27_001, 2)]).toEqual([1, 2]);
  });

  test('a remedy that was in vain, after which it passed by itself, has acted all the same', () => {
    const ways = { today: rule('1 of 1'), instead: rule('2 of 2'), every_s: EVERY_S };
    const { at: onset_at = '' } = probesIn('ooc')[2] ?? {};
    const found = (acted: boolean) =>
      compare(stretchesOf(probesIn('oocooo'), EVERY_S), [{ onset_at, acted, recovered_by_itself: true }], ways);
    expect(found(true)).toMatchObject({ failures: 1, false_alarms: 0 });
    expect(found(false)).toMatchObject({ failures: 0, false_alarms: 1 });
  });

  test('a clock that was set back, and a date that is none, end a stretch', () => {
    const probes = [...probesIn('oocooo')].map((probe, i) => (i === 3 ? { ...probe, at: 'yesterday' } : probe));
    const ways = { today: rule('1 of 1'), instead: rule('2 of 2'), every_s: EVERY_S };
    expect(compare(stretchesOf(probes, EVERY_S), [], ways)).toMatchObject({ false_alarms: 0 });
    const back = probesIn('oocooo').map((probe, i) =>
      i < 3 ? { ...probe, at: probe.at.replace('-01T', '-02T') } : probe,
    );
    expect(compare(stretchesOf(back, EVERY_S), [], ways)).toMatchObject({ false_alarms: 0 });
    expect(compare(stretchesOf(probesIn('oocooo'), EVERY_S), [], ways)).toMatchObject({ false_alarms: 1 });
    const none = [{ onset_at: 'never', acted: true, recovered_by_itself: false }];
    expect(compare(stretchesOf(probesIn('oocooo'), EVERY_S), none, ways)).toMatchObject({ false_alarms: 1 });
  });

  test('comes to what a replay by hand comes to', () => {
    const letters = fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.constant('ooo') },
        { weight: 6, arbitrary: fc.constantFrom('c', 'cc', 'o', 'coc', 'ccc', 'cco') },
        { weight: 2, arbitrary: fc.constantFrom('w', 'u', '?', 'c'.repeat(8), '     ', '  ') },
      ),
      { maxLength: 40 },
    );
    const episodes = fc.array(fc.constantFrom(' ', ' ', ' ', 'R', 'S', 'P'), { maxLength: 120 });
    const own = fc.constantFrom(...CONFIRM_RULES, rule('5 of 21'), rule('1 of 3'), rule('7 of 7'));
    const seen = { failures: 0, missed: 0, latest_s: 0, false_alarms: 0, false_alarms_instead: 0, more: 0 };
    fc.assert(
      fc.property(letters, episodes, own, fc.constantFrom(...CONFIRM_RULES), (parts, marks, today, instead) => {
        const probes = probesIn(parts.join(''));
        const past = episodesIn(marks.join(''));
        const found = compare(stretchesOf(probes, EVERY_S), past, { today, instead, every_s: EVERY_S });
        for (const key of Object.keys(seen) as (keyof typeof seen)[]) seen[key] += found[key] > 0 ? 1 : 0;
        expect(found).toEqual(replayedByHand(probes, past, today, instead, EVERY_S));
      }),
      { numRuns: 2000, seed: 5 },
    );
    // It has seen all that it is about.
    expect(Object.entries(seen).filter(([, n]) => n < 20)).toEqual([]);
  });
});
