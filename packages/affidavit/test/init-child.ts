// Makes a ledger in a folder, or continues the one there, and is killed right before one of its calls that change what is
// in folders, or that look for the database. Names each of them as it comes.

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

import { continueAfterRestore, initLedger } from '../src/embedded/init.ts'
import { tellParent } from './tell-parent.ts'

const [folder = '', work, at] = process.argv.slice(2)
let calls = 0

for (const name of ['mkdirSync', 'linkSync', 'renameSync', 'rmSync', 'existsSync'] as const) {
  const real = fs[name]
  Object.assign(fs, {
    [name]: (...values: Parameters<typeof real>) => {
      const path = String(values.at(name === 'linkSync' || name === 'renameSync' ? 1 : 0))
      if (counts(name, path)) {
        tellParent(`${name} ${path.slice(path.lastIndexOf('/') + 1)}`)
        if (String(calls++) === at) process.kill(process.pid, 'SIGKILL')
      }
      return Reflect.apply(real, fs, values)
    },
  })
}
syncBuiltinESMExports()

if (work === 'init') await initLedger(folder, { origin: 'init.example/agents' })
else await continueAfterRestore(folder)

// A key's file is written beside its place and linked into it: what is removed then is the draft.
function counts(name: string, path: string): boolean {
  return name === 'existsSync' ? path.endsWith('ledger.db') : !path.endsWith('.tmp')
}
