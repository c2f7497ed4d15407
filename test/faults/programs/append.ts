import { OperatorError } from '../../../src/core/errors.js';
import { napMs } from '../../../src/core/host/nap.js';
import type { Ledger } from '../../../src/core/ledger.js';
import { main, say } from './main.js';
import { appendRecord, openLedger } from './scenarios.js';

/**
 * append DIR WRITER COUNT [PAUSE_MS [AT_ONCE]]: prints `ACK WRITER-n` for each record that was acknowledged. After a
 * failure it tries one more, as a long-lived process would: `ACK WRITER-again`, or `AGAIN CODE`.
 */
void main(async (dir = '', writer = '', count = '1', pause_ms = '0', atOnce = '1') => {
  const ledger = openLedger(dir, writer);
  let last = 0;
  const work = async () => {
    while (last < Number(count)) {
      const name = `${writer}-${++last}`;
      await appendRecord(ledger, name);
      say(`ACK ${name}`);
      if (pause_ms !== '0') napMs(Number(pause_ms));
    }
  };
  try {
    const ended = await Promise.allSettled(Array.from({ length: Number(atOnce) }, work));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  } catch (error) {
    if (error instanceof OperatorError) await appendOnceMore(ledger, `${writer}-again`);
    throw error;
  } finally {
    ledger.close();
  }
});

async function appendOnceMore(ledger: Ledger, name: string): Promise<void> {
  try {
    await appendRecord(ledger, name);
    say(`ACK ${name}`);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    say(`AGAIN ${error.code}`);
  }
}
