#!/usr/bin/env -S node --max-semi-space-size=16 --v8-pool-size=1
'use strict'; // must be readable by old Nodes, so that they get a sentence and not a syntax error
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 22 || (major === 22 && minor >= 19)) {
  import(pathToFileURL(path.join(__dirname, '..', 'dist', 'main.js')).href);
} else {
  console.error(
    `headrace needs Node >= 22.19, this is ${process.version}. Install a newer Node from https://nodejs.org.`,
  );
  process.exit(1);
}
