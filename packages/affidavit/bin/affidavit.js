#!/usr/bin/env node
// The one hand-written JavaScript file: it has to parse on any Node, however old, to say which Node is needed.
// Hence CommonJS (bin/package.json), `var`, and require() for the modules behind the version check.
'use strict'

// The exit codes of src/cli/exit-codes.ts that are needed before it is loaded. Node's own code for a program that fails
// is 1, which here says that records were altered: nothing may end with it by accident.
var UNAVAILABLE = 4
var BUG = 70

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
  process.exitCode = UNAVAILABLE
}

function start() {
  process.on('uncaughtException', endWithBug)
  process.on('unhandledRejection', endWithBug)
  var main = load()
  if (main === undefined) {
    process.exitCode = UNAVAILABLE
    return
  }
  // What holds where the process runs out of work before the command has ended.
  process.exitCode = BUG
  main(process.argv.slice(2)).then(function (exitCode) {
    process.exitCode = exitCode
  }, endWithBug)
}

// A checkout has src and runs it as it is; the published package has dist only.
function load() {
  var path = require('node:path')
  var source = path.join(__dirname, '../src/cli/main.ts')
  var isCheckout = require('node:fs').existsSync(source)
  try {
    return require(isCheckout ? source : path.join(__dirname, '../dist/cli/main.js')).main
  } catch (error) {
    say([
      'affidavit: the program cannot be loaded: '.concat(String(error).split('\n')[0]),
      isCheckout ? '  cure: run npm ci in the checkout' : '  cure: install the package again, with its dependencies',
    ])
    return undefined
  }
}

function endWithBug(error) {
  var said = error instanceof Error ? error.stack : error
  say(['affidavit: this is a bug of ours; please report it with these lines', String(said)])
  process.exit(BUG)
}

// Written at once, for the process may end with the next line; where nobody can be told, the exit code says it.
function say(lines) {
  try {
    require('node:fs').writeSync(2, lines.concat('').join('\n'))
  } catch (_) {
    return
  }
}
