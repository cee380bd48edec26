// Who keeps the key-encryption keys is said when a ledger is made, and the keyring gets a new one, on the command line.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { draft, errorCode, json, type Run, run } from './run-cli.ts'
import { makeToken, missingForSoftHsm, softHsmModule, useSoftHsm } from './softhsm.ts'

const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-keyring-'))
after(() => rmSync(base, { recursive: true, force: true }))

let folders = 0
const newFolder = (): string => join(base, String(folders++))

function init(dir: string, ...more: string[]): Promise<Run> {
  return run(['init', '--ledger', dir, '--origin', 'cli.example/agents', ...more])
}

const settingsOf = (dir: string): unknown => JSON.parse(readFileSync(join(dir, 'affidavit.json'), 'utf8'))

/** Records, rotates, and opens again; answers the two versions. */
async function assertUsable(dir: string, vkey: string): Promise<readonly [string, string]> {
  const content = [{ name: 'message', media_type: 'text/plain', body: 'What was said.' }]
  const at = ['--ledger', dir]
  assert.equal((await run(['append', ...at], draft(1, { content }))).code, 0)
  const rotated = await run(['rotate-key', ...at, '--of', 'keyring', '--json'])
  assert.equal(rotated.code, 0, rotated.out)
  const { keyring_generation, old_version, new_version, retired_key_versions } = json(rotated)
  assert.deepEqual([keyring_generation, retired_key_versions], [2, []])
  assert.equal((await run(['append', ...at], draft(2, { content }))).code, 0)
  const report = json(await run(['verify', ...at, '--vkey', vkey, '--content', '--json']))
  assert.deepEqual([report.status, report.findings], ['valid', []])
  return [String(old_version), String(new_version)]
}

describe('init --key-wrapper', () => {
  test('environment: the secret is asked for from then on, and is in no file', async () => {
    const dir = newFolder()
    const secret = randomBytes(32).toString('base64')
    process.env.AFFIDAVIT_KEK = secret
    const made = await init(dir, '--key-wrapper', 'environment')
    assert.equal(made.code, 0, made.err)
    assert.match(made.err, /its key is {6}made of AFFIDAVIT_KEK/)
    assert.deepEqual(settingsOf(dir), { key_wrapper: { kind: 'environment' } })
    const [old, now] = await assertUsable(dir, made.out.trim())
    assert.deepEqual(readdirSync(join(dir, 'keys', 'kek')).sort(), [`${old}.destroyed`, `${now}.salt`])
    for (const file of readdirSync(dir, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) assert.ok(!readFileSync(join(file.parentPath, file.name)).includes(secret), file.name)
    }
    delete process.env.AFFIDAVIT_KEK
    assert.equal(errorCode(await run(['append', '--ledger', dir, '--json'], draft(3))), 'key-unavailable')
    process.env.AFFIDAVIT_KEK = randomBytes(32).toString('base64')
    assert.equal(errorCode(await run(['append', '--ledger', dir, '--json'], draft(3))), 'wrong-key')
    delete process.env.AFFIDAVIT_KEK
  })

  test('environment, without a secret: refused, and nothing stands there', async () => {
    const dir = newFolder()
    assert.equal(errorCode(await init(dir, '--key-wrapper', 'environment', '--json')), 'key-unavailable')
    assert.ok(!existsSync(dir))
  })

  test('file: as where nothing is said, and nothing has to be remembered', async () => {
    const dir = newFolder()
    const made = await init(dir, '--key-wrapper', 'file')
    assert.ok(!existsSync(join(dir, 'affidavit.json')))
    const [old, now] = await assertUsable(dir, made.out.trim())
    assert.deepEqual(readdirSync(join(dir, 'keys', 'kek')).sort(), [`${old}.destroyed`, `${now}.key`])
  })

  const refused: Readonly<Record<string, readonly string[]>> = {
    'pkcs11 without a module': ['--key-wrapper', 'pkcs11', '--pkcs11-token', 'agents'],
    'pkcs11 with an empty module': ['--key-wrapper', 'pkcs11', '--pkcs11-module', '', '--pkcs11-token', 'agents'],
    'pkcs11 without a token': ['--key-wrapper', 'pkcs11', '--pkcs11-module', '/lib/x.so'],
    'pkcs11 with an empty token': ['--key-wrapper', 'pkcs11', '--pkcs11-module', '/lib/x.so', '--pkcs11-token', ''],
    'a module for files': ['--key-wrapper', 'file', '--pkcs11-module', '/lib/x.so'],
    'a token for nothing': ['--pkcs11-token', 'agents'],
    'a kind that there is not': ['--key-wrapper', 'usb'],
  }
  for (const [name, words] of Object.entries(refused)) {
    test(`refused: ${name}`, async () => {
      const dir = newFolder()
      const answer = await init(dir, ...words, '--json')
      assert.equal(answer.code, 3)
      assert.ok(!existsSync(dir))
    })
  }

  for (const words of [
    ['--key-wrapper', 'file'],
    ['--pkcs11-module', 'x'],
    ['--pkcs11-token', 'x'],
  ]) {
    test(`${words[0]} says nothing with --after-restore`, async () => {
      const answer = await run(['init', '--ledger', newFolder(), '--after-restore', ...words, '--json'])
      assert.ok(String(Object(json(answer).error).problem).startsWith(String(words[0])), answer.out)
    })
  }

  test('a library that is not there is unavailable, and nothing stands there', async () => {
    const dir = newFolder()
    const words = ['--pkcs11-module', join(base, 'none.so'), '--pkcs11-token', 'agents']
    process.env.AFFIDAVIT_PKCS11_PIN = '739184'
    assert.equal(errorCode(await init(dir, '--key-wrapper', 'pkcs11', ...words, '--json')), 'key-unavailable')
    assert.ok(!existsSync(dir))
  })
})

const missing = await missingForSoftHsm()
if (missing !== undefined) console.log(`a ledger under a PKCS#11 token is skipped: ${missing}`)

test('init --key-wrapper pkcs11: the keys are in the token', { skip: missing ?? false }, async () => {
  useSoftHsm(base)
  makeToken('agents', '739184')
  process.env.AFFIDAVIT_PKCS11_PIN = '739184'
  const dir = newFolder()
  const module = softHsmModule() ?? ''
  const made = await init(dir, '--key-wrapper', 'pkcs11', '--pkcs11-module', module, '--pkcs11-token', 'agents')
  assert.equal(made.code, 0, made.err)
  assert.deepEqual(settingsOf(dir), { key_wrapper: { kind: 'pkcs11', module, token: 'agents' } })
  await assertUsable(dir, made.out.trim())
  assert.ok(!existsSync(join(dir, 'keys', 'kek')))
  delete process.env.AFFIDAVIT_PKCS11_PIN
  assert.equal(errorCode(await run(['append', '--ledger', dir, '--json'], draft(3))), 'key-unavailable')
})

describe('rotate-key', () => {
  test('--of keyring: the version on a line of its own, what became of the others beside it', async () => {
    const dir = newFolder()
    await init(dir)
    const answer = await run(['rotate-key', '--ledger', dir, '--of', 'keyring'])
    assert.equal(answer.code, 0)
    assert.match(answer.out, /^0002-[0-9a-f]{16}\n$/)
    assert.match(answer.err, /generation 2.*Earlier ones are destroyed/)
  })

  test('replaces the key of checkpoints where nothing is said, and where that is said', async () => {
    const dir = newFolder()
    const { out } = await init(dir)
    const keys = new Set([out])
    for (const words of [[], ['--of', 'checkpoints']]) {
      const answer = await run(['rotate-key', '--ledger', dir, ...words])
      assert.match(answer.out, /^cli\.example\/agents\//)
      keys.add(answer.out)
    }
    assert.equal(keys.size, 3)
  })

  test('says on record who replaced a key, and why', async () => {
    const dir = newFolder()
    await init(dir)
    for (const what of ['checkpoints', 'keyring']) {
      const who = ['--as', 'dr.lee', '--purpose', 'the yearly change']
      assert.equal((await run(['rotate-key', '--ledger', dir, '--of', what, ...who])).code, 0)
    }
    const search = ['search', '--ledger', dir, '--action', 'key_rotated', '--json']
    const found = json(await run([...search, '--actor', 'dr.lee'])).records
    assert.ok(Array.isArray(found))
    assert.deepEqual(
      found.map(({ actor_type, purpose, details }) => [actor_type, purpose, details.key ?? 'checkpoints']),
      [
        ['user', 'the yearly change', 'checkpoints'],
        ['user', 'the yearly change', 'keyring'],
      ],
    )
    const nobodyElse = json(await run([...search, '--actor', 'affidavit'])).records
    assert.deepEqual(nobodyElse, [])
  })

  test('of something else is refused', async () => {
    const answer = await run(['rotate-key', '--ledger', newFolder(), '--of', 'digest', '--json'])
    assert.deepEqual([answer.code, errorCode(answer)], [3, 'usage'])
  })
})
