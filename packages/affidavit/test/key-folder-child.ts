// Creates or destroys a version of a key-encryption key, and is killed right before one of its calls that change a file or a
// folder. Names each of them as it comes. Arguments: the kind of wrapper, its folder, `create` or the version to destroy, the
// number of the call or `never`.

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

import { openKeyFolder } from './key-folder.ts'
import { tellParent } from './tell-parent.ts'

const [kind = '', folder = '', work = '', at] = process.argv.slice(2)
let calls = 0

// Those of the child alone: what it tells its parent goes through writeSync too, and is no call of the wrapper.
const { openSync, writeSync, fsyncSync, linkSync, rmSync, mkdirSync, chmodSync } = fs
const watched = { openSync, writeSync, fsyncSync, linkSync, rmSync, mkdirSync, chmodSync }
let telling = false

for (const [name, real] of Object.entries(watched)) {
  Object.assign(fs, {
    [name]: (...values: unknown[]) => {
      if (!telling) announce(name)
      return Reflect.apply(real, fs, values)
    },
  })
}
syncBuiltinESMExports()

function announce(name: string): void {
  telling = true
  tellParent(name)
  telling = false
  if (String(calls++) === at) process.kill(process.pid, 'SIGKILL')
}

const wrapper = openKeyFolder(kind, folder)
if (work === 'create') await wrapper.create()
else await wrapper.destroy(work)
