import { napMs } from '../../../src/core/host/nap.js';
import { main, say } from './main.js';
import { appendRecord, openLedger } from './scenarios.js';

/** append DIR WRITER COUNT [PAUSE_MS]: prints `ACK WRITER-n` for each record that was acknowledged. */
await main(async (dir = '', writer = '', count = '1', pause_ms = '0') => {
  const ledger = openLedger(dir, writer);
  for (let n = 1; n <= Number(count); n++) {
    await appendRecord(ledger, `${writer}-${n}`);
    say(`ACK ${writer}-${n}`);
    if (pause_ms !== '0') napMs(Number(pause_ms));
  }
  ledger.close();
});
