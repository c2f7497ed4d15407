import { test } from 'vitest';
import { childEnvironment, environmentFault } from '../../../src/healing/child/child-environment.js';

test.for(['FOO', '_x', 'HOME', 'LANG', 'LC_ALL', 'http_proxy', 'LDAP_HOST', 'NODE', 'LD', 'path', 'TZ'])(
  'passes %s',
  async (name) => {
    const { expect } = await import('vitest');
    expect(environmentFault(name)).toBeUndefined();
  },
);

test.for(
  'LD_PRELOAD LD_LIBRARY_PATH LD_ NODE_OPTIONS NODE_PATH BASH_ENV ENV IFS PYTHONPATH PYTHONSTARTUP PERL5LIB PERL5OPT RUBYOPT GCONV_PATH PATH GRACE_ACT __proto__ GLIBC_TUNABLES'.split(
    ' ',
  ),
)('refuses %s and names it', async (name, { expect }) => {
  expect(environmentFault(name)).toContain(name);
});

test.for(['', '1A', 'A=B', 'A B', 'A-B', 'BASH_FUNC_x%%', 'Ä', 'A\n', 'A\0'])(
  '%j is no name',
  async (name, { expect }) => {
    expect(environmentFault(name)).toMatch(/is not the name of an environment variable$/);
  },
);

test('nothing is inherited', ({ expect }) => {
  const env = childEnvironment('m');
  expect(Object.getPrototypeOf(env)).toBeNull();
  expect(Object.keys(env).sort()).toEqual(['GRACE_ACT', 'HOME', 'LANG', 'PATH']);
});
