'use strict';

const { isAscii } = require('node:buffer');
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { dirname, join } = require('node:path');
const { Script } = require('node:vm');
const { crc32 } = require('node:zlib');

// Why so: docs/decisions/0002-bundled-build.md

const CHECK_BYTES = 4;

/** Packages of many files that most commands ask for: they take longer to find and compile than to run. */
const IN_ONE_FILE = ['commander', 'yaml', 'zod'];
exports.IN_ONE_FILE = IN_ONE_FILE;

/** Runs a CommonJS file, compiled beforehand if that was done by this very Node. Returns what it exports, and the script. */
exports.run = (path) => {
  const source = readFileSync(path);
  // Twice as quick to make, for what is nearly always so.
  const text = isAscii(source) ? source.latin1Slice() : source.toString('utf8');
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${text}\n})`, {
    filename: path,
    cachedData: cachedFor(path, source),
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, requireFor(path), module, path, dirname(path));
  return { exports: module.exports, script };
};

/** As Node requires; but a package that the build has put into one file beside the program comes from there. */
function requireFor(path) {
  const required = createRequire(path);
  const packages = join(dirname(dirname(path)), 'packages');
  const known = new Map();
  return Object.assign((name) => {
    if (!IN_ONE_FILE.includes(name)) return required(name);
    const file = join(packages, `${name}.cjs`);
    if (!known.has(name)) known.set(name, existsSync(file) ? exports.run(file).exports : required(name));
    return known.get(name);
  }, required);
}

/** Keeps what V8 has made of a file, for the next time that it is run. */
exports.keepCompiled = (path) => {
  const source = readFileSync(path);
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
