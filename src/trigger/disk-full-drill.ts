import { filesystemDrill } from './filesystem-drill.js';

/** A file system has no room left. */
export const diskFullDrill = filesystemDrill({
  id: 'disk-full',
  failure_mode: 'disk_full',
  summary: 'a file system of its own, of 1 MiB, is filled with old logs',
  limits: 'size=1m',
  disk: { used_below: '90%' },
  file_bytes: 64 * 1024,
});
