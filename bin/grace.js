#!/usr/bin/env node
'use strict';

const { dirname, join } = require('node:path');
const { run } = require('./compiled.js');

const home = dirname(__dirname);
run(join(home, 'dist', 'cli', 'main.cjs')).exports.main(home);
