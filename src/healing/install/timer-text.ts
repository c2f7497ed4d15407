import { PASS_UNIT } from './unit-text.js';

/** Starts a pass every minute; none while the one before is still at work. */
export function timerText(): string {
  return `# Made by grace heal install: for hosts on which grace is not to run all the time, instead of the watch.

[Unit]
Description=grace: a look at this host every minute

[Timer]
OnCalendar=minutely
AccuracySec=1s
Unit=${PASS_UNIT}

[Install]
WantedBy=timers.target
`;
}
