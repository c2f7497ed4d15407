// raw-sha256 FILE: the SHA-256 of a whole file, the floor under its verification.
import { createHash } from 'node:crypto';
import { openSync, readSync } from 'node:fs';

const hash = createHash('sha256');
const fd = openSync(process.argv[2]);
const chunk = Buffer.alloc(1 << 20);
const begun = process.hrtime.bigint();
for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) hash.update(chunk.subarray(0, read));
hash.digest();
console.log(JSON.stringify({ seconds: Number(process.hrtime.bigint() - begun) / 1e9 }));
