import { napMs } from '../../../src/core/host/nap.js';
import { hear, main, say } from './main.js';
import { claimAndAct, openLedger } from './scenarios.js';

/**
 * claim DIR WRITER INCIDENT: claims it and acts. With `-` and a pause in ms it takes one incident after the other from
 * stdin, so that many processes can be let loose on the same one at once.
 */
void main(async (dir = '', writer = '', incident = '', pause_ms = '0') => {
  const ledger = openLedger(dir, writer);
  const pause = () => {
    if (pause_ms !== '0') napMs(Math.random() * Number(pause_ms));
  };
  const next = incident === '-' ? hear : once(incident);
  if (incident === '-') say('READY');
  try {
    for (let id = next(); id !== undefined; id = next()) {
      await claimAndAct(ledger, dir, id, { pause, say });
      say(`DONE ${id}`);
    }
  } finally {
    ledger.close();
  }
});

function once(value: string): () => string | undefined {
  const left = [value];
  return () => left.pop();
}
