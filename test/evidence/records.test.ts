import { describe, expect, it } from 'vitest';
import { integrityClaim } from '../../src/evidence/records.js';
import { logState, wholeRecords } from './facts.js';

const loss = { log: 'audit', kind: 'shrunk', bytes_before: 2000, bytes_now: 10, had: 'ab' } as const;

describe('record integrity', () => {
  it('is PASS when every line could be read and nothing is gone', () => {
    expect(integrityClaim(wholeRecords())).toMatchObject({
      verdict: 'PASS',
      headline: 'records: 20 lines read, none quarantined, nothing lost',
      n: 20,
      excluded: [],
    });
  });

  it('is PARTIAL with a quarantined line, which it counts', () => {
    const claim = integrityClaim(wholeRecords({ logs: [logState('audit', { quarantined: 1 })] }));
    expect(claim).toMatchObject({ verdict: 'PARTIAL', headline: 'records: 10 lines read, 1 line quarantined' });
    expect(claim.excluded).toEqual([expect.objectContaining({ id: 'quarantined', n: 1 })]);
  });

  it('is PARTIAL while a log does not end with a line end', () => {
    const claim = integrityClaim(wholeRecords({ logs: [logState('audit', { unterminated_bytes: 12 })] }));
    expect(claim).toMatchObject({ verdict: 'PARTIAL', numbers: { unterminated_bytes: 12 } });
  });

  it('is FAIL when bytes are gone, quarantined lines or not', () => {
    const claim = integrityClaim(wholeRecords({ logs: [logState('audit', { quarantined: 1 })], losses: [loss] }));
    expect(claim).toMatchObject({ verdict: 'FAIL', numbers: { losses: 1, quarantined: 1 } });
    expect(claim.reasons).toEqual([
      'audit log became shorter: 2,000 bytes had been read, 10 are there; not yet noted in the audit log',
    ]);
  });

  it('is PARTIAL with incident lines that nobody vouches for, which it counts', () => {
    const claim = integrityClaim(wholeRecords({ unbound: 2 }));
    expect(claim).toMatchObject({
      verdict: 'PARTIAL',
      headline: 'records: 20 lines read, 2 incident lines that nobody vouches for',
      numbers: { unbound: 2, losses: 0 },
    });
    expect(claim.excluded).toEqual([expect.objectContaining({ id: 'unbound', n: 2 })]);
  });

  it('is FAIL when what sealed the log is gone', () => {
    expect(integrityClaim(wholeRecords({ seal_gone: true }))).toMatchObject({
      verdict: 'FAIL',
      numbers: { losses: 1 },
      reasons: [expect.stringContaining('its seal is gone')],
    });
  });

  it('is FAIL when lines that were vouched for are not there', () => {
    expect(integrityClaim(wholeRecords({ dangling: 1 }))).toMatchObject({
      verdict: 'FAIL',
      numbers: { losses: 1 },
      reasons: ['the audit log vouches for 1 incident line that are altered or not there'],
    });
  });

  it('is FAIL when the audit log notes a loss', () => {
    const noted = { at: '2026-11-23T00:00:00.000000Z', resource: 'incidents.jsonl#abc' };
    expect(integrityClaim(wholeRecords({ noted_losses: [noted] }))).toMatchObject({
      verdict: 'FAIL',
      headline: 'records: 20 lines read, 1 loss',
      reasons: [expect.stringContaining('incidents.jsonl#abc')],
    });
  });
});
