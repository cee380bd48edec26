import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createCipheriv, randomBytes } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { makeToken, missingForSoftHsm, softHsmModule, useSoftHsm } from '../../test/softhsm.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { keyWrapperContract } from '../testing/contract-key-wrapper.ts'
import { inSession, loadLibrary, type TokenSession } from './pkcs11-token.ts'
import { type Pkcs11WrapperOptions, pkcs11Wrapper } from './pkcs11-wrapper.ts'

const LEDGER = 'clinic.example/agents'
const CONTEXT = `${LEDGER} 1`
const PIN = '739184'
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i)
const missing = await missingForSoftHsm()
// One line where the log of the tests says what was left out.
if (missing !== undefined) console.log(`PKCS#11 tests are skipped: ${missing}`)

const root = mkdtempSync(join(tmpdir(), 'affidavit-softhsm-'))
after(() => rmSync(root, { recursive: true, force: true }))
useSoftHsm(root)

const module = softHsmModule() ?? ''
let ledgers = 0

const OPTIONS = { module, token: 'affidavit tests', ledger: LEDGER, environment: { AFFIDAVIT_PKCS11_PIN: PIN } }

function open(change: Partial<Pkcs11WrapperOptions> = {}) {
  return pkcs11Wrapper({ ...OPTIONS, ...change })
}

async function oneVersion() {
  const ledger = `${LEDGER}-${ledgers++}`
  const wrapper = await open({ ledger })
  const version = await wrapper.create()
  const wrapped = await wrapper.wrap(version, KEY, CONTEXT)
  return { ledger, wrapper, version, wrapped, label: `affidavit/${ledger}/${version}` }
}

describe('a PKCS#11 token', { skip: missing ?? false }, async () => {
  if (missing !== undefined) return
  makeToken('affidavit tests', PIN)
  const { default: pkcs11 } = await import('pkcs11js')
  const library = loadLibrary(pkcs11, module)

  /** In the token, past the wrapper. */
  function inToken<T>(work: (session: TokenSession) => T): T {
    return inSession(pkcs11, library, { module, token: 'affidavit tests', pin: PIN }, work)
  }

  /** Another object under the label of a version, as somebody with the PIN could leave it. */
  function importKey(label: string, rights: { may: 'leave' | 'only encrypt' }): void {
    const confined = rights.may === 'only encrypt'
    const slot = library.C_GetSlotList(true)[0] ?? Buffer.alloc(0)
    const session = library.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION | pkcs11.CKF_RW_SESSION)
    library.C_Login(session, pkcs11.CKU_USER, PIN)
    library.C_CreateObject(session, [
      { type: pkcs11.CKA_CLASS, value: pkcs11.CKO_SECRET_KEY },
      { type: pkcs11.CKA_KEY_TYPE, value: pkcs11.CKK_AES },
      { type: pkcs11.CKA_VALUE, value: randomBytes(32) },
      { type: pkcs11.CKA_LABEL, value: label },
      { type: pkcs11.CKA_TOKEN, value: true },
      { type: pkcs11.CKA_PRIVATE, value: true },
      { type: pkcs11.CKA_SENSITIVE, value: confined },
      { type: pkcs11.CKA_EXTRACTABLE, value: !confined },
      { type: pkcs11.CKA_ENCRYPT, value: true },
      { type: pkcs11.CKA_DECRYPT, value: !confined },
    ])
    library.C_CloseSession(session)
  }

  keyWrapperContract('a PKCS#11 token', async () => {
    const ledger = `${LEDGER}-${ledgers++}`
    return { open: () => open({ ledger }), cleanup: async () => undefined }
  })

  test('never gives a key away: it is sensitive and not extractable', async () => {
    const { label } = await oneVersion()
    inToken((session) => {
      const keys = session.find('key', label)
      assert.equal(keys.length, 1)
      assert.ok(keys.every((key) => session.isConfined(key)))
    })
  })

  test('wraps as the page says: what the token encrypted by hand is unwrapped', async () => {
    const { ledger, version, wrapper, label } = await oneVersion()
    const nonce = randomBytes(12)
    const aad = Buffer.from(`affidavit wrapped key v1\n${ledger}\n${version}\n${CONTEXT}`)
    const sealed = inToken((session) => {
      const [key] = session.find('key', label)
      assert.ok(key !== undefined)
      return session.encrypt(key, nonce, aad, KEY)
    })
    assert.deepEqual(await wrapper.unwrap(version, Buffer.concat([Buffer.of(1), nonce, sealed]), CONTEXT), KEY)
  })

  test('does not open what software wrapped under a key of its own', async () => {
    const { version, wrapper } = await oneVersion()
    const cipher = createCipheriv('aes-256-gcm', randomBytes(32), Buffer.alloc(12))
    const sealed = Buffer.concat([cipher.update(KEY), cipher.final(), cipher.getAuthTag()])
    const forged = Buffer.concat([Buffer.of(1), Buffer.alloc(12), sealed])
    await assert.rejects(wrapper.unwrap(version, forged, CONTEXT), refusal('wrong-key', /does not open/))
  })

  test('keeps the keys of ledgers apart, also where one name continues the other', async () => {
    const { ledger, version, wrapped } = await oneVersion()
    const other = await open({ ledger: `${ledger}/more` })
    assert.deepEqual(await other.versions(), [])
    await assert.rejects(other.unwrap(version, wrapped, CONTEXT), refusal('key-unavailable', /holds no/))
  })

  test('keeps a tombstone, and no key, of what was destroyed', async () => {
    const { wrapper, version, label } = await oneVersion()
    await wrapper.destroy(version)
    inToken((session) => {
      assert.deepEqual([session.find('key', label).length, session.find('note', label).length], [0, 1])
    })
  })

  test('finishes a destruction that a crash interrupted after the tombstone', async () => {
    const { wrapper, version, wrapped, label } = await oneVersion()
    inToken((session) => session.leaveNote(label, 'a tombstone'))
    assert.deepEqual(await wrapper.versions(), [{ version, state: 'destroying' }])
    await assert.rejects(wrapper.unwrap(version, wrapped, CONTEXT), refusal('key-destroyed', /./))
    assert.equal(await wrapper.destroy(version), 'destroyed')
    assert.deepEqual(await wrapper.versions(), [{ version, state: 'destroyed' }])
  })

  test('is not trusted with a second key under one label, nor with one that may leave it', async () => {
    const { wrapper, version, wrapped, label } = await oneVersion()
    importKey(label, { may: 'leave' })
    await assert.rejects(wrapper.unwrap(version, wrapped, CONTEXT), refusal('wrong-key', /several keys/))
    inToken((session) => {
      for (const key of session.find('key', label)) if (session.isConfined(key)) session.remove(key)
    })
    await assert.rejects(wrapper.wrap(version, KEY, CONTEXT), refusal('wrong-key', /may leave it/))
  })

  test('that decrypts nothing at all is unavailable: nothing is said about the bytes', async () => {
    const { wrapper, version, wrapped, label } = await oneVersion()
    inToken((session) => {
      for (const key of session.find('key', label)) session.remove(key)
    })
    importKey(label, { may: 'only encrypt' })
    await assert.rejects(wrapper.unwrap(version, wrapped, CONTEXT), refusal('key-unavailable', /did not decrypt/))
  })

  test('which somebody else in this process uses is used beside them', async () => {
    const { wrapper, version, wrapped } = await oneVersion()
    const work = inToken(() => wrapper.unwrap(version, wrapped, CONTEXT))
    assert.deepEqual(await work, KEY)
  })

  test('is missed by name: no module, no token, two of one label', async () => {
    await assert.rejects(
      open({ module: '/not/there.so' }),
      refusal('key-unavailable', /cannot load the PKCS#11 module/),
    )
    await assert.rejects(open({ token: 'another' }), refusal('key-unavailable', /no token of the label another/))
    for (let i = 0; i < 2; i++) makeToken('twins', PIN)
    assert.match(elsewhere({ token: 'twins' }, ''), /^key-unavailable: .* several tokens of the label twins/)
  })

  test('takes its PIN from the environment or a file, and never shows it', async () => {
    const path = join(root, 'pin')
    writeFileSync(path, `${PIN}\n`)
    await (await open({ environment: { AFFIDAVIT_PKCS11_PIN_FILE: path } })).versions()
    await assert.rejects(open({ environment: {} }), refusal('key-unavailable', /neither AFFIDAVIT_PKCS11_PIN nor/))
  })

  test('whose store is taken away is unavailable, and opens again in a new process', async () => {
    const { ledger, wrapper, version, wrapped } = await oneVersion()
    renameSync(join(root, 'tokens'), join(root, 'away'))
    await assert.rejects(wrapper.unwrap(version, wrapped, CONTEXT), refusal('key-unavailable', /token/))
    renameSync(join(root, 'away'), join(root, 'tokens'))
    const told = elsewhere({ ledger }, 'console.log(JSON.stringify(await wrapper.versions()))')
    assert.deepEqual(JSON.parse(told), [{ version, state: 'usable' }])
  })

  // A login counts for a whole process: this one has logged in already.
  test('that refuses a PIN says so, in a process that has not logged in', () => {
    const told = elsewhere({ environment: { AFFIDAVIT_PKCS11_PIN: '000000' } }, '')
    assert.match(told, /^key-unavailable: the token refuses the PIN/)
    assert.ok(!told.includes('000000'))
  })
})

/** Opens the wrapper in a process of its own, and does the work there. */
function elsewhere(change: Partial<Pkcs11WrapperOptions>, work: string): string {
  const script = `
    import { pkcs11Wrapper } from '${join(import.meta.dirname, 'pkcs11-wrapper.ts')}'
    try {
      const wrapper = await pkcs11Wrapper(${JSON.stringify({ ...OPTIONS, ...change })})
      ${work}
    } catch (error) {
      console.log(error.message)
    }`
  const { NODE_TEST_CONTEXT, ...env } = process.env
  const args = ['--conditions=affidavit-source', '--input-type=module-typescript', '--eval', script]
  return execFileSync(process.execPath, args, { env, encoding: 'utf8', timeout: 20_000 })
}

function refusal(code: LedgerError['code'], problem: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof LedgerError && error.code === code && problem.test(error.message) && !error.message.includes(PIN)
}
