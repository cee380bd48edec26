// Packages that are optional: who needs one and does not have it is told what to install.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const src = join(import.meta.dirname, '../src')
const URL_OF_A_SERVER = JSON.stringify({ host: 'localhost', port: 5432, database: 'a', parameters: {} })

const NEEDED: readonly [name: string, file: string, work: string, code: string][] = [
  ['@aws-sdk/client-kms', 'keys/kms-client.ts', 'defaultKmsClient()', 'key-unavailable'],
  ['@aws-sdk/client-s3', 'archive/s3-client.ts', 'defaultS3Client({})', 'archive-unavailable'],
  ['@google-cloud/storage', 'archive/gcs-client.ts', "defaultGcsClient('a-bucket')", 'archive-unavailable'],
  ['pkcs11js', 'keys/pkcs11-token.ts', 'loadPkcs11()', 'key-unavailable'],
  ['pg', 'stores/postgres/pool.ts', `openPool(${URL_OF_A_SERVER})`, 'store-unavailable'],
]

for (const [name, file, work, code] of NEEDED) {
  test(`without ${name}, what needs it says so, with the command that installs it`, () => {
    const script = `
      import { registerHooks } from 'node:module'
      registerHooks({
        resolve(specifier, context, next) {
          return next(specifier === '${name}' ? 'a-package-that-is-not-there' : specifier, context)
        },
      })
      const module = await import('${join(src, file)}')
      await module.${work}.catch(({ code, cure }) => console.log(code + ': ' + cure))`
    const { NODE_TEST_CONTEXT, ...env } = process.env
    const args = ['--conditions=affidavit-source', '--input-type=module', '--eval', script]
    const told = execFileSync(process.execPath, args, { env, encoding: 'utf8', timeout: 20_000 })
    assert.match(told, new RegExp(`^${code}: npm install ${name}\\b`))
  })
}
