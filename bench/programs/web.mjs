// A small HTTP server: `node web.mjs PORT`. Answers every request with its pid.
import { createServer } from 'node:http';

createServer((_request, response) => response.end(String(process.pid))).listen(Number(process.argv[2]), '127.0.0.1');
