import { SERVICE_HOST, type Served, type ServiceWords } from './served.js';

const HEADER_BYTES = 12;
/** An answer with authority, to a question that may ask for recursion. */
const ANSWERED = 0x8580;
const NO_SUCH_NAME = ANSWERED | 3;
/** Of the name: where it stands in the question. Type A, class IN, 1 s to live, four bytes. */
const RECORD = Buffer.from([0xc0, HEADER_BYTES, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1]);

/** Knows one name, which has the address 127.0.0.1. */
export async function serveNames({ port, word }: ServiceWords): Promise<Served> {
  const { createSocket } = await import('node:dgram');
  const known = word('name');
  const socket = createSocket('udp4');
  socket.on('message', (query, { address, port: to }) => {
    const reply = replyTo(query, known);
    if (reply !== undefined) socket.send(reply, to, address);
  });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.bind({ port, address: SERVICE_HOST, exclusive: true }, () => resolve({ port: socket.address().port }));
  });
}

/** To the first question; `undefined` for what is none. */
function replyTo(query: Buffer, known: string): Buffer | undefined {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length).toLowerCase());
    at += 1 + length;
  }
  // The last label's end, type and class.
  const end = at + 5;
  if (query.length < end) return undefined;
  const isKnown = labels.join('.') === known && query.readUInt16BE(at + 1) === 1;
  const head = Buffer.alloc(HEADER_BYTES);
  query.copy(head, 0, 0, 2);
  head.writeUInt16BE(isKnown ? ANSWERED : NO_SUCH_NAME, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(isKnown ? 1 : 0, 6);
  return Buffer.concat([head, query.subarray(HEADER_BYTES, end), isKnown ? RECORD : Buffer.alloc(0)]);
}
