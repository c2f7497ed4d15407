import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { adviseConfirm, CONFIRM_RULES } from '../../../src/learning/detection/advise.js';
import { EVERY_S, episodesIn, probesIn } from './past.js';
import { replayedByHand } from './replayed-by-hand.js';

const web = (confirm: string, name = 'web') => {
  const [need = 0, of = 0] = confirm.split(' of ').map(Number);
  return { name, every_s: EVERY_S, confirm: { need, of } };
};

/** Advice on parts one after another; a part is probes and, behind a slash, episodes. */
function advised(confirm: string, parts: readonly string[], name?: string) {
  const [text, marks] = parts.reduce(
    ([before, marked], part) => {
      const [probes = '', episodes = ''] = part.split('/');
      return [before + probes, marked + episodes.padEnd(probes.length)];
    },
    ['', ''],
  );
  return adviseConfirm(web(confirm, name), probesIn(text), episodesIn(marks));
}

const times = (n: number, part: string) => Array.from({ length: n }, () => part);
const CALM = 'o'.repeat(400);
const BLIP = 'ooocooo';
const DOUBLE = 'oooccooo';
const OUTAGE = 'oooccooo/   R';

describe('a slower rule', () => {
  test('is advised from three false alarms that it avoids', () => {
    expect(advised('1 of 1', times(2, BLIP))).toBeUndefined();
    expect(advised('1 of 1', times(3, BLIP))).toEqual({
      ...{ check: 'web', kind: 'confirm', from: '1 of 1', to: '2 of 3' },
      numbers: { probes: 21, failures: 0, missed: 0, false_alarms: 3, avoided: 3, later_s: 10 },
      why: 'In the last 21 probes it would have avoided 3 of 3 false alarms and missed none of 0 failures; a failure would be confirmed up to 10 s later',
    });
  });

  test('is advised only where it avoids half of them', () => {
    // Long ones no rule avoids.
    const long = 'oooccccccooo';
    expect(advised('1 of 1', [...times(4, BLIP), ...times(4, long)])).toMatchObject({
      to: '2 of 3',
      numbers: { false_alarms: 8, avoided: 4 },
    });
    expect(advised('1 of 1', [...times(4, BLIP), ...times(5, long)])).toBeUndefined();
  });

  test('is the fastest that does so', () => {
    expect(advised('1 of 1', times(5, DOUBLE))).toMatchObject({ to: '3 of 5', numbers: { later_s: 20 } });
    expect(advised('1 of 1', [...times(3, BLIP), ...times(3, DOUBLE)])).toMatchObject({ to: '2 of 3' });
    // Of two as fast the one that avoids more.
    expect(advised('1 of 1', times(4, 'ooococooo'))).toMatchObject({ to: '2 of 2', numbers: { avoided: 4 } });
    expect(advised('1 of 1', [...times(3, BLIP), 'ooococooo'])).toMatchObject({
      to: '2 of 2',
      numbers: { avoided: 4 },
    });
  });

  test('is not advised where it misses one that needed a remedy, or that lasted', () => {
    const noise = times(5, DOUBLE);
    // Up and down, twice in five.
    expect(advised('2 of 3', [...noise, 'ooococooo/   R'])).toMatchObject({ to: '3 of 5' });
    expect(advised('2 of 5', [...noise, 'ooocoowcooo/   R'])).toBeUndefined();
    expect(advised('2 of 5', [...noise, `ooo${'cowo'.repeat(4)}cooo`])).toBeUndefined();
    expect(advised('2 of 5', [...noise, `ooo${'cowo'.repeat(4)}cccooo`])).toMatchObject({
      to: '3 of 5',
      numbers: { failures: 1, missed: 0 },
    });
  });

  test('says how much later it would have been', () => {
    expect(advised('2 of 3', [...times(4, DOUBLE), ...times(2, OUTAGE)])).toMatchObject({
      to: '3 of 5',
      numbers: { failures: 2, missed: 0, false_alarms: 4, avoided: 4, later_s: 10 },
      why: expect.stringContaining('missed none of 2 failures; a failure would be confirmed up to 10 s later'),
    });
    expect(advised('2 of 3', [...times(4, 'ooococooo'), ...times(2, OUTAGE)])).toMatchObject({
      to: '2 of 2',
      why: expect.stringContaining('missed none of 2 failures; none would be confirmed later'),
    });
  });
});

describe('a faster rule', () => {
  const past = (outages: number, ...more: string[]) => [CALM, ...more, ...times(outages, OUTAGE)];
  const filled = (to: number, parts: string[]) => {
    const length = parts.reduce((sum, part) => sum + (part.split('/')[0] ?? '').length, 0);
    return ['o'.repeat(to - length), ...parts];
  };

  test('is advised from 500 probes on', () => {
    const outages = times(3, OUTAGE);
    expect(advised('2 of 3', filled(499, outages))).toBeUndefined();
    expect(advised('2 of 3', ['uuuu', ...filled(499, outages)])).toBeUndefined();
    expect(advised('2 of 3', filled(500, outages))).toEqual({
      ...{ check: 'web', kind: 'confirm', from: '2 of 3', to: '1 of 1' },
      numbers: { probes: 500, failures: 3, missed: 0, false_alarms: 0, more_false_alarms: 0, saved_s: 10 },
      why: 'In the last 500 probes it would have confirmed 3 failures 10 s sooner on average, without one more false alarm',
    });
  });

  test('is advised from three failures on that needed a remedy', () => {
    expect(advised('2 of 3', [CALM, ...past(2)])).toBeUndefined();
    expect(advised('2 of 3', [CALM, ...past(3)])).toMatchObject({ to: '1 of 1' });
  });

  test('is not advised where it would have raised one more false alarm', () => {
    expect(advised('2 of 3', [CALM, ...past(5, BLIP)])).toBeUndefined();
    expect(
      advised('3 of 3', [CALM, ...past(5, BLIP).map((part) => part.replace('oooccooo', 'ooocccooo'))]),
    ).toMatchObject({
      to: '2 of 2',
      numbers: { saved_s: 10 },
    });
    // Neither one of which nobody saw the end or the beginning.
    expect(advised('2 of 3', [CALM, ...past(5), 'oooc'])).toBeUndefined();
    expect(advised('2 of 3', ['coooo', CALM, ...past(5)])).toBeUndefined();
  });

  test('is not advised where one failure would have been confirmed later', () => {
    // 3 of 5 sees these sooner than 2 of 2 does, and others later.
    const apart = 'ooococococcooo/   R';
    expect(advised('2 of 2', [CALM, CALM, BLIP, 'ooococooo', ...times(3, apart)])).toMatchObject({ to: '3 of 5' });
    expect(advised('2 of 2', [CALM, CALM, BLIP, 'ooococooo', ...times(3, apart), OUTAGE])).toBeUndefined();
  });

  test('of several as fast it is the strictest', () => {
    expect(
      advised('3 of 3', [CALM, ...past(3).map((part) => part.replace('oooccooo', 'ooocccooo')), 'oooc ooo']),
    ).toMatchObject({
      to: '2 of 2',
    });
    const late = times(3, 'ooococccooo/   R');
    expect(advised('4 of 5', [CALM, CALM, BLIP, 'ooococooo', ...late])).toMatchObject({ to: '3 of 5' });
  });
});

test('few data, no advice; and of more than 2,000 probes only the newest count', () => {
  expect(adviseConfirm(web('2 of 3'), [], [])).toBeUndefined();
  expect(advised('2 of 3', [CALM, CALM])).toBeUndefined();
  expect(advised('1 of 1', times(400, 'uuuuu'))).toBeUndefined();
  const old = times(3, BLIP);
  expect(advised('1 of 1', [...old, 'o'.repeat(2000 - 3 * 7 + 2)])).toMatchObject({ numbers: { probes: 2000 } });
  expect(advised('1 of 1', [...old, 'o'.repeat(2000 - 3 * 7 + 3)])).toBeUndefined();
});

test('a check that counts events passes by itself each time, and nothing is advised', () => {
  const probes = probesIn(times(5, BLIP).join(''));
  expect(adviseConfirm({ ...web('1 of 1'), countsEvents: true }, probes, [])).toBeUndefined();
  expect(adviseConfirm({ ...web('1 of 1'), countsEvents: false }, probes, [])).toBeDefined();
});

test('names are data', () => {
  for (const name of ['__proto__', 'constructor', '--', 'toString'])
    expect(advised('1 of 1', times(3, BLIP), name)?.check).toBe(name);
});

test('what is advised holds in a replay by hand, and nothing that would hold is kept back', () => {
  const parts = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(BLIP, OUTAGE) },
      fc.constantFrom(DOUBLE, 'ooococooo', 'oooccccooo/   R', 'ooococo/   R', 'uu', '      '),
    ),
    { maxLength: 20 },
  );
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(parts, fc.constantFrom('', CALM + CALM), fc.constantFrom(...CONFIRM_RULES), (some, calm, today) => {
      const confirm = `${today.need} of ${today.of}`;
      const advice = advised(confirm, [calm, ...some]);
      const text = [calm, ...some];
      const probes = probesIn(text.map((part) => part.split('/')[0]).join(''));
      const marks = text.map((part) => (part.split('/')[1] ?? '').padEnd((part.split('/')[0] ?? '').length)).join('');
      const merits = CONFIRM_RULES.filter((rule) => rule !== today).map((rule) => {
        const found = replayedByHand(probes, episodesIn(marks), today, rule, EVERY_S);
        const avoided = found.false_alarms - found.false_alarms_instead;
        const calmer = found.missed === 0 && avoided >= 3 && 2 * avoided >= found.false_alarms;
        const sooner =
          found.probes >= 500 &&
          found.failures >= 3 &&
          found.missed + found.more === 0 &&
          avoided >= 0 &&
          found.latest_s === 0 &&
          found.saved_s > 0;
        return { to: `${rule.need} of ${rule.of}`, merit: calmer ? 'calmer' : sooner ? 'sooner' : 'none' };
      });
      const best = ['calmer', 'sooner', 'none'].find((one) => merits.some(({ merit }) => merit === one)) ?? 'none';
      seen.set(best, (seen.get(best) ?? 0) + 1);
      if (best === 'none') expect(advice).toBeUndefined();
      else expect(merits).toContainEqual({ to: advice?.to, merit: best });
    }),
    { numRuns: 300, seed: 7 },
  );
  for (const merit of ['calmer', 'sooner', 'none']) expect(seen.get(merit) ?? 0, merit).toBeGreaterThan(8);
});
