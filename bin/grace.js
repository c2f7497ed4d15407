#!/usr/bin/env node
'use strict';

const { dirname } = require('node:path');
const { main } = require('../dist/cli/main.cjs');

main(dirname(__dirname));
