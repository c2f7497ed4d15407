import { describe, expect, it } from 'vitest';
import { entryId, readAuditEntry } from '../../../src/core/records/audit-entry.js';
import type { JsonObject } from '../../../src/core/records/json.js';
import { newAudit, oldAudit } from '../../support/records.js';

const asJson = (record: object) => JSON.parse(JSON.stringify(record)) as JsonObject;

describe('readAuditEntry', () => {
  it.each([
    ['old', oldAudit()],
    ['new', newAudit()],
    ['with an empty resource, which the old system wrote', oldAudit({ resource: '' })],
    ['with a key of tomorrow', { ...newAudit(), seal: 1 }],
  ])('reads an entry: %s', (_, entry) => {
    expect(readAuditEntry(asJson(entry))).toEqual({ ok: true, record: entry });
  });

  it('has 7 keys that must be there', () => {
    const fields = Object.keys(oldAudit());
    expect(fields).toHaveLength(7);
    for (const field of fields) {
      const rest = asJson(oldAudit());
      delete rest[field];
      expect(readAuditEntry(rest)).toEqual({ ok: false, reason: `field ${field} is missing` });
    }
  });

  it.each([
    ['entry_id', 1, 'a text'],
    ['entry_id', '', 'a text'],
    ['timestamp', '14:06', 'a time'],
    ['timestamp', null, 'a time'],
    ['actor', null, 'a text'],
    ['action', {}, 'a text'],
    ['resource', null, 'a text'],
    ['decision', [], 'an object'],
    ['metadata', 'none', 'an object'],
  ])('names the field: %s = %j', (field, value, wanted) => {
    const entry = { ...asJson(oldAudit()), [field]: value };
    expect(readAuditEntry(entry)).toEqual({ ok: false, reason: `field ${field} is not ${wanted}` });
  });
});

it('makes ids of line and time', () => {
  expect(entryId(1514, Date.UTC(2026, 10, 23, 0, 18, 47, 123))).toBe('log_1514_20261123001847123000');
});
