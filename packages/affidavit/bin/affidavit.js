#!/usr/bin/env node
// The one hand-written JavaScript file: it has to parse on any Node, however old, to say which Node is needed.
// Hence CommonJS (bin/package.json), `var`, and require() for the modules behind the version check.
'use strict'

// Keep in step with "engines" in package.json; test/package.test.ts compares the two.
var version = process.versions.node.split('.')
var major = Number(version[0])
var minor = Number(version[1])

if ((major === 24 && minor >= 16) || (major === 26 && minor >= 1) || major > 26) {
  start()
} else {
  console.error(
    'affidavit needs Node.js 24.16 or a later 24, or 26.1 or later; this is ' +
      process.versions.node +
      '.\nInstall a current LTS release from https://nodejs.org and run the command again.'
  )
  process.exitCode = 4
}

// A checkout has src and runs it as it is; the published package has dist only.
function start() {
  var path = require('node:path')
  var source = path.join(__dirname, '../src/cli/main.ts')
  var main = require('node:fs').existsSync(source) ? source : path.join(__dirname, '../dist/cli/main.js')
  require(main)
    .main(process.argv.slice(2))
    .then(function (exitCode) {
      process.exitCode = exitCode
    })
}
