import assert from 'node:assert/strict'
import { createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { inspect } from 'node:util'

import { LedgerError } from '../errors/ledger-error.ts'
import { keyWrapperContract } from '../testing/contract-key-wrapper.ts'
import type { Environment } from './environment-secret.ts'
import { environmentWrapper } from './environment-wrapper.ts'
import { fileWrapper } from './file-wrapper.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-environment-'))
after(() => rmSync(root, { recursive: true, force: true }))

const LEDGER = 'clinic.example/agents'
const CONTEXT = `${LEDGER} 1`
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i)
const SECRET = randomBytes(32).toString('base64')

let folders = 0
function freshFolder(): string {
  return join(root, String(folders++), 'kek')
}

keyWrapperContract('a secret of the environment', async () => {
  const folder = freshFolder()
  return {
    open: async () => environmentWrapper({ folder, ledger: LEDGER, environment: { AFFIDAVIT_KEK: SECRET } }),
    cleanup: async () => rmSync(folder, { recursive: true, force: true }),
  }
})

async function oneVersion() {
  const folder = freshFolder()
  const wrapper = environmentWrapper({ folder, ledger: LEDGER, environment: { AFFIDAVIT_KEK: SECRET } })
  const version = await wrapper.create()
  const wrapped = await wrapper.wrap(version, KEY, CONTEXT)
  return { folder, wrapper, version, wrapped, path: join(folder, `${version}.salt`) }
}

function openWith(environment: Environment) {
  return environmentWrapper({ folder: freshFolder(), ledger: LEDGER, environment })
}

describe('a secret of the environment', () => {
  test('may stand in a file that the environment names, with or without a line end', async () => {
    const { folder, version, wrapped } = await oneVersion()
    for (const end of ['', '\n', '\r\n']) {
      const path = join(root, 'secret')
      writeFileSync(path, `${SECRET}${end}`)
      const wrapper = environmentWrapper({ folder, ledger: LEDGER, environment: { AFFIDAVIT_KEK_FILE: path } })
      assert.deepEqual(await wrapper.unwrap(version, wrapped, CONTEXT), KEY)
    }
  })

  test('is missed by name where it is not set, set twice, or in a file that is not there', () => {
    const path = join(root, 'not there')
    for (const [environment, problem] of [
      [{}, /neither AFFIDAVIT_KEK nor AFFIDAVIT_KEK_FILE is set/],
      [{ AFFIDAVIT_KEK: SECRET, AFFIDAVIT_KEK_FILE: path }, /both set/],
      [{ AFFIDAVIT_KEK_FILE: path }, /cannot read the file/],
    ] as const) {
      assert.throws(() => openWith(environment), refusal('key-unavailable', problem))
    }
  })

  const weak: readonly [name: string, secret: string, problem: RegExp][] = [
    ['nothing', '', /no base64/],
    ['a passphrase as it is', 'correct horse battery staple, and twice as long again', /no base64/],
    ['hex digits that are no base64 of their length', `${'ab'.repeat(32)}a`, /no base64/],
    ['base64 without its padding', SECRET.replace('=', ''), /no base64/],
    ['the alphabet of URLs', Buffer.alloc(33, 0xff).toString('base64url'), /no base64/],
    ['31 bytes', randomBytes(31).toString('base64'), /has 31 bytes/],
    ['a passphrase in base64', Buffer.from('correct horse battery staple, twice').toString('base64'), /is text/],
    ['zeros', Buffer.alloc(32).toString('base64'), /not random/],
    ['a pattern', Buffer.from('00ff10ef'.repeat(12), 'hex').toString('base64'), /not random/],
    ['a count', Buffer.from(Array.from({ length: 64 }, (_, i) => i)).toString('base64'), /not random/],
    ['a few bytes, and zeros', Buffer.concat([randomBytes(8), Buffer.alloc(56)]).toString('base64'), /not random/],
  ]
  for (const [name, secret, problem] of weak) {
    test(`that is weak is refused and not shown: ${name}`, () => {
      assert.throws(
        () => openWith({ AFFIDAVIT_KEK: secret }),
        (error) => refusal('wrong-key', problem)(error) && (secret === '' || !inspect(error).includes(secret)),
      )
    })
  }

  test('is never refused when it comes from a random generator', () => {
    for (let i = 0; i < 2000; i++) openWith({ AFFIDAVIT_KEK: randomBytes(32 + (i % 33)).toString('base64') })
  })

  test('that is another one is named, and destroys nothing', async () => {
    const { folder, wrapper, version, wrapped } = await oneVersion()
    const environment = { AFFIDAVIT_KEK: randomBytes(32).toString('base64') }
    const other = environmentWrapper({ folder, ledger: LEDGER, environment })
    await assert.rejects(
      other.unwrap(version, wrapped, CONTEXT),
      refusal('wrong-key', /made with another AFFIDAVIT_KEK/),
    )
    assert.deepEqual(await wrapper.unwrap(version, wrapped, CONTEXT), KEY)
  })
})

describe('a version', () => {
  test('is a salt in a file for its owner alone, and the file is not enough', async () => {
    const { version, wrapped, path } = await oneVersion()
    const text = readFileSync(path, 'utf8')
    assert.match(
      text,
      /^affidavit key-encryption salt v1\nledger .*\nversion .*\nsalt [^\n]{44}\ncheck [0-9a-f]{16}\n$/,
    )
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.ok(!text.includes(SECRET))
    const salt = Buffer.from(text.split('\n')[3]?.slice(5) ?? '', 'base64')
    assert.throws(() => openByHand(salt, version, wrapped))
  })

  // Straight from spec/keys.md, with an HKDF by HMAC alone.
  test('opens what it wrapped by the page alone', async () => {
    const { version, wrapped, path } = await oneVersion()
    const salt = Buffer.from(readFileSync(path, 'utf8').split('\n')[3]?.slice(5) ?? '', 'base64')
    const extracted = createHmac('sha256', salt).update(Buffer.from(SECRET, 'base64')).digest()
    const info = Buffer.from(`affidavit environment key v1\n${LEDGER}\n${version}\u0001`)
    const key = createHmac('sha256', extracted).update(info).digest()
    assert.deepEqual(openByHand(key, version, wrapped), KEY)
  })

  test('that is destroyed is gone for whoever has the secret, and comes back with a copy of its salt', async () => {
    const { folder, wrapper, version, wrapped } = await oneVersion()
    const copy = `${folder}-copy`
    cpSync(folder, copy, { recursive: true })
    chmodSync(copy, 0o700)
    await wrapper.destroy(version)
    assert.deepEqual(readdirSync(folder), [`${version}.destroyed`])
    await assert.rejects(wrapper.unwrap(version, wrapped, CONTEXT), refusal('key-destroyed', /./))
    const elsewhere = environmentWrapper({ folder: copy, ledger: LEDGER, environment: { AFFIDAVIT_KEK: SECRET } })
    assert.deepEqual(await elsewhere.unwrap(version, wrapped, CONTEXT), KEY)
  })

  test('whose file is open to others is refused with the cure', async () => {
    const { wrapper, version, wrapped, path } = await oneVersion()
    chmodSync(path, 0o644)
    await assert.rejects(wrapper.unwrap(version, wrapped, CONTEXT), refusal('key-unavailable', /chmod 600/))
  })

  test('is no version of a wrapper of keys in files, nor the other way round', async () => {
    const { folder, wrapper, version, wrapped } = await oneVersion()
    const files = fileWrapper({ folder, ledger: LEDGER })
    await assert.rejects(files.unwrap(version, wrapped, CONTEXT), refusal('key-unavailable', /holds no/))
    await files.create()
    assert.deepEqual(await wrapper.versions(), [{ version, state: 'usable' }])
  })
})

function openByHand(key: Uint8Array, version: string, wrapped: Uint8Array): Uint8Array {
  const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(1, 13))
  decipher.setAAD(Buffer.from(`affidavit wrapped key v1\n${LEDGER}\n${version}\n${CONTEXT}`))
  decipher.setAuthTag(wrapped.subarray(45, 61))
  return Uint8Array.from(Buffer.concat([decipher.update(wrapped.subarray(13, 45)), decipher.final()]))
}

function refusal(code: LedgerError['code'], problem: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof LedgerError && error.code === code && problem.test(error.message)
}
