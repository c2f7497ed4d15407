import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EXIT, OperatorError, systemErrorSentence } from '../../src/core/errors.js';

describe('EXIT', () => {
  it('is the table of the design', () => {
    expect(EXIT).toEqual({
      done: 0,
      unexpected: 1,
      usage: 2,
      badAnswer: 3,
      refused: 4,
      notFound: 10,
      locked: 11,
      auditBroken: 12,
      invalidData: 14,
      interrupted: 130,
      terminated: 143,
    });
  });
});

describe('OperatorError', () => {
  it('carries code, exit, hint and cause', () => {
    const cause = new Error('x');
    const error = new OperatorError('GRACE_X', EXIT.refused, 'no', { hint: 'do this', cause });
    expect(error).toMatchObject({
      name: 'OperatorError',
      code: 'GRACE_X',
      exit: 4,
      message: 'no',
      hint: 'do this',
      cause,
    });
    expect('cause' in new OperatorError('GRACE_X', EXIT.refused, 'no')).toBe(false);
  });
});

describe('systemErrorSentence', () => {
  it('says what the kernel said', () => {
    const fail = (work: () => unknown) => {
      try {
        work();
      } catch (error) {
        return systemErrorSentence(error);
      }
      return 'no error';
    };
    expect(fail(() => readFileSync('/nonexistent'))).toBe('it does not exist');
    expect(fail(() => readFileSync('/'))).toBe('it is a directory');
    expect(fail(() => readFileSync('/proc/self/mem'))).toMatch(/input\/output error|failed with/);
  });

  it('has no sentence for a bug', () => {
    expect(systemErrorSentence(new TypeError('x'))).toBeUndefined();
    expect(systemErrorSentence('ENOSPC')).toBeUndefined();
    expect(systemErrorSentence(Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' }))).toBeUndefined();
  });
});
