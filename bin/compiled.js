'use strict';

const { readFileSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { dirname } = require('node:path');
const { Script } = require('node:vm');
const { crc32 } = require('node:zlib');

// Why so: docs/decisions/0002-bundled-build.md

const CHECK_BYTES = 4;

/** Runs a CommonJS file, compiled beforehand if that was done by this very Node. Returns what it exports, and the script. */
exports.run = (path) => {
  const source = readFileSync(path);
  // The build writes nothing that is not ASCII.
  const script = new Script(
    `(function (exports, require, module, __filename, __dirname) {${source.latin1Slice()}\n})`,
    {
      filename: path,
      cachedData: cachedFor(path, source),
    },
  );
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(path), module, path, dirname(path));
  return { exports: module.exports, script };
};

/** Keeps what V8 has made of a file, for the next time that it is run. */
exports.keepCompiled = (path) => {
  const source = readFileSync(path);
  if (source.some((byte) => byte > 0x7f)) throw new Error(`${path} is not ASCII`);
  const data = exports.run(path).script.createCachedData();
  const check = Buffer.alloc(CHECK_BYTES);
  check.writeUInt32LE(checkOf(source, data));
  writeFileSync(`${path}.cache`, Buffer.concat([check, data]));
};

function cachedFor(path, source) {
  let kept;
  try {
    kept = readFileSync(`${path}.cache`);
  } catch {
    return undefined;
  }
  if (kept.length <= CHECK_BYTES) return undefined;
  const data = kept.subarray(CHECK_BYTES);
  return checkOf(source, data) === kept.readUInt32LE() ? data : undefined;
}

function checkOf(source, data) {
  return crc32(data, crc32(source));
}
