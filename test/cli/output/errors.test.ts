import { describe, expect, it } from 'vitest';
import { renderError } from '../../../src/cli/output/errors.js';
import { loadStyle } from '../../../src/cli/output/style.js';

const plain = await loadStyle({ colour: false });
const coloured = await loadStyle({ colour: true });

describe('renderError', () => {
  it('is a sentence with its code, and a hint', () => {
    const error = {
      message: 'there are no logs in /srv/x',
      code: 'GRACE_NO_LOGS',
      hint: 'grace --logs /var/log/grace report',
    };
    expect(renderError(error, plain)).toBe(
      'grace: error: there are no logs in /srv/x [GRACE_NO_LOGS]\ngrace: hint: grace --logs /var/log/grace report\n',
    );
  });

  it('has no hint line without a hint', () => {
    expect(renderError({ message: 'no', code: 'GRACE_X' }, plain)).toBe('grace: error: no [GRACE_X]\n');
    expect(renderError({ message: 'no', code: 'GRACE_X', hint: undefined }, plain)).toBe(
      'grace: error: no [GRACE_X]\n',
    );
  });

  it('escapes the data in it', () => {
    const error = { message: 'no target "a\n\u001b[2J"', code: 'GRACE_X', hint: 'try\rthis' };
    expect(renderError(error, plain)).toBe(
      'grace: error: no target "a\\n\\u{1b}[2J" [GRACE_X]\ngrace: hint: try\\u{d}this\n',
    );
  });

  it('colours its prefixes', () => {
    expect(renderError({ message: 'no', code: 'GRACE_X', hint: 'yes' }, coloured)).toBe(
      '\u001b[31mgrace: error:\u001b[39m no \u001b[2m[GRACE_X]\u001b[22m\n\u001b[36mgrace: hint:\u001b[39m yes\n',
    );
  });
});
