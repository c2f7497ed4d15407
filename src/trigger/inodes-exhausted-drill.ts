import { filesystemDrill } from './filesystem-drill.js';

/** A file system has room left, and can hold no further file. */
export const inodesExhaustedDrill = filesystemDrill({
  id: 'inodes-exhausted',
  failure_mode: 'inodes_exhausted',
  summary: 'a file system of its own, of 64 inodes, is filled with small old logs',
  limits: 'size=1m,nr_inodes=64',
  disk: { inodes_used_below: '90%' },
  file_bytes: 16,
});
