import fc from 'fast-check';

/** Text as hostile data has it: any code point, lone surrogates, escape sequences, wide characters, long words. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
  fc
    .array(
      fc.constantFrom(
        '\u001b[31m',
        '\u001b]8;;http://x\u0007',
        '\r',
        '\n',
        '\u202e',
        '漢',
        '한',
        'é',
        'e\u0301',
        'x',
        ' ',
        '  ',
        '\u00a0',
        '🇩🇪',
        '🇩',
        '1\ufe0f\u20e3',
        '⚠\ufe0f',
        '👩\u200d🚒',
        '👍🏽',
        'สวัสดี',
        'हिन्दी',
        '│',
        '─',
      ),
      { maxLength: 60 },
    )
    .map((parts) => parts.join('')),
  fc.string({ unit: fc.constantFrom('a', 'b', '0', ' '), maxLength: 300 }),
);
