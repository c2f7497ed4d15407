import type { Command } from 'commander';

export type Program = Command;

/** What a command's action leaves behind: its exit code. */
export type Done = (code: number) => void;
