// Packages that are optional: who needs one and does not have it is told what to install.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const keys = join(import.meta.dirname, '../src/keys')

const NEEDED: readonly [name: string, file: string, work: string][] = [
  ['@aws-sdk/client-kms', 'kms-client.ts', 'defaultKmsClient()'],
  ['pkcs11js', 'pkcs11-token.ts', 'loadPkcs11()'],
]

for (const [name, file, work] of NEEDED) {
  test(`without ${name}, what needs it says so, with the command that installs it`, () => {
    const script = `
      import { registerHooks } from 'node:module'
      registerHooks({
        resolve(specifier, context, next) {
          return next(specifier === '${name}' ? 'a-package-that-is-not-there' : specifier, context)
        },
      })
      const module = await import('${join(keys, file)}')
      await module.${work}.catch(({ code, cure }) => console.log(code + ': ' + cure))`
    const { NODE_TEST_CONTEXT, ...env } = process.env
    const args = ['--conditions=affidavit-source', '--input-type=module', '--eval', script]
    const told = execFileSync(process.execPath, args, { env, encoding: 'utf8', timeout: 20_000 })
    assert.match(told, new RegExp(`^key-unavailable: npm install ${name}\\b`))
  })
}
