import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { drillCertificates } from '../../src/trigger/drill-certificates.js';

const JAN_2026 = Date.UTC(2026, 0, 1);

test('are what X.509 has them: signed by the authority, for the key, for 127.0.0.1, and as long as was asked', async () => {
  const { authority: issuer, key, issue } = await drillCertificates([JAN_2026, Date.UTC(2055, 5, 7, 8, 9, 10)]);
  const authority = new X509Certificate(issuer);
  const certificate = new X509Certificate(issue([JAN_2026, Date.UTC(2026, 1, 3, 4, 5, 6)]));
  expect(certificate.verify(authority.publicKey)).toBe(true);
  expect(certificate.checkIssued(authority)).toBe(true);
  expect(authority.verify(authority.publicKey)).toBe(true);
  expect([authority.ca, certificate.ca]).toEqual([true, false]);
  expect(certificate.publicKey.equals(createPublicKey(createPrivateKey(key)))).toBe(true);
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(certificate.checkIP('127.0.0.2')).toBeUndefined();
  expect(new Date(certificate.validFrom).getTime()).toBe(JAN_2026);
  expect(certificate.validTo).toBe('Feb  3 04:05:06 2026 GMT');
  // After 2049 years have four digits.
  expect(authority.validTo).toBe('Jun  7 08:09:10 2055 GMT');
});

test('no two have the same number', async () => {
  const { issue } = await drillCertificates([JAN_2026, JAN_2026 + 1000]);
  const numbers = Array.from({ length: 4 }, () => new X509Certificate(issue([JAN_2026, JAN_2026])).serialNumber);
  expect(new Set(numbers).size).toBe(4);
});
