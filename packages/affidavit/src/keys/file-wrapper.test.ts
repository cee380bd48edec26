import assert from 'node:assert/strict'
import { createDecipheriv } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { type ErrorCode, LedgerError } from '../errors/ledger-error.ts'
import { keyWrapperContract } from '../testing/contract-key-wrapper.ts'
import { fileWrapper } from './file-wrapper.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-kek-'))
after(() => rmSync(root, { recursive: true, force: true }))

const LEDGER = 'clinic.example/agents'
const CONTEXT = `${LEDGER} 1`
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i)

let folders = 0
function freshFolder(): string {
  return join(root, String(folders++), 'kek')
}

keyWrapperContract('a folder of key files', async () => {
  const folder = freshFolder()
  return {
    open: async () => fileWrapper({ folder, ledger: LEDGER }),
    cleanup: async () => rmSync(folder, { recursive: true, force: true }),
  }
})

/** A folder with one version, and a key wrapped under it. */
async function oneVersion() {
  const folder = freshFolder()
  const wrapper = fileWrapper({ folder, ledger: LEDGER })
  const version = await wrapper.create()
  const wrapped = await wrapper.wrap(version, KEY, CONTEXT)
  const path = join(folder, `${version}.key`)
  return { folder, wrapper, version, wrapped, path, unwrap: () => wrapper.unwrap(version, wrapped, CONTEXT) }
}

describe('a key file', () => {
  test('is for its owner alone, and so is its folder, whatever the umask says and whoever made it', async () => {
    for (const umask of [0o000, 0o022, 0o077]) {
      const before = process.umask(umask)
      try {
        const folder = freshFolder()
        mkdirSync(folder, { recursive: true, mode: 0o755 })
        await fileWrapper({ folder, ledger: LEDGER }).create()
        assert.deepEqual([folder, ...pathsIn(folder)].map(modeOf), [0o700, 0o600])
      } finally {
        process.umask(before)
      }
    }
  })

  test('says what it is, and for whom', async () => {
    const { path, version } = await oneVersion()
    assert.match(version, /^0001-[0-9a-f]{16}$/)
    const lines = readFileSync(path, 'utf8').split('\n')
    assert.deepEqual(lines.slice(0, 3), ['affidavit key-encryption key v1', `ledger ${LEDGER}`, `version ${version}`])
    assert.match(lines[3] ?? '', /^key [A-Za-z0-9+/]{43}=$/)
    assert.match(lines[4] ?? '', /^check [0-9a-f]{16}$/)
    assert.deepEqual(lines.slice(5), [''])
  })

  // Straight from spec/keys.md, with nothing of ours.
  test('opens what it wrapped by the page alone', async () => {
    const { path, version, wrapped } = await oneVersion()
    const key = Buffer.from(readFileSync(path, 'utf8').split('\n')[3]?.slice(4) ?? '', 'base64')
    const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(1, 13))
    decipher.setAAD(Buffer.from(`affidavit wrapped key v1\n${LEDGER}\n${version}\n${CONTEXT}`))
    decipher.setAuthTag(wrapped.subarray(45, 61))
    const opened = Buffer.concat([decipher.update(wrapped.subarray(13, 45)), decipher.final()])
    assert.deepEqual([wrapped.length, wrapped[0], Uint8Array.from(opened)], [61, 1, KEY])
  })

  test('which others can read is refused with the cure, and so is a folder that they may write to', async () => {
    for (const mode of [0o640, 0o604, 0o620, 0o666]) {
      const { path, unwrap } = await oneVersion()
      chmodSync(path, mode)
      await refuses(unwrap, 'key-unavailable', /chmod 600/)
      chmodSync(path, 0o600)
      await unwrap()
    }
    const { folder, unwrap } = await oneVersion()
    for (const mode of [0o770, 0o702]) {
      chmodSync(folder, mode)
      await refuses(unwrap, 'key-unavailable', /chmod 700/)
    }
    chmodSync(folder, 0o755)
    await unwrap()
  })

  test('which is missing is unavailable, not destroyed', async () => {
    const { path, unwrap, wrapper, version, folder } = await oneVersion()
    renameSync(path, `${path}.away`)
    await refuses(unwrap, 'key-unavailable', /backup/)
    await refuses(() => wrapper.destroy(version), 'key-unavailable', /backup/)
    rmSync(folder, { recursive: true })
    await refuses(unwrap, 'key-unavailable', /backup/)
    assert.deepEqual(await wrapper.versions(), [])
  })

  test('which is a folder is unavailable', async () => {
    const { path, unwrap } = await oneVersion()
    rmSync(path)
    mkdirSync(path, { mode: 0o700 })
    await refuses(unwrap, 'key-unavailable', /cannot read/)
  })
})

describe('a wrong key file is named', () => {
  const lies: readonly [name: string, lie: (text: string) => string, problem: RegExp][] = [
    ['an empty file', () => '', /does not begin with/],
    ['the file of a salt', (text) => text.replaceAll('key', 'salt'), /does not begin with/],
    ['a file of a later format', (text) => text.replace('v1', 'v2'), /does not begin with/],
    ['a key of another ledger', (text) => text.replace('ledger clinic', 'ledger other'), /belongs to another ledger/],
    ['a key of another version', (text) => text.replace('version 0001', 'version 0002'), /file of another version/],
    ['a key that is cut', (text) => text.replace(/=\n.*/s, ''), /is damaged/],
    ['a key of 31 bytes', (text) => text.replace(/key (.*)=\n/, `key ${'A'.repeat(40)}AA==\n`), /is damaged/],
    ['a key in another spelling', (text) => text.replace(/=\n/, '\n'), /is damaged/],
    ['a line more', (text) => `${text}more\n`, /is damaged/],
    ['no end of line', (text) => text.trimEnd(), /is damaged/],
    ['no check', (text) => text.replace(/check .*\n/, ''), /is damaged/],
    ['a key with another letter', (text) => swapLetter(text), /fails its own check/],
  ]
  for (const [name, lie, problem] of lies) {
    test(name, async () => {
      const { path, unwrap } = await oneVersion()
      const text = readFileSync(path, 'utf8')
      writeFileSync(path, lie(text))
      assert.notEqual(readFileSync(path, 'utf8'), text)
      await refuses(unwrap, 'wrong-key', problem)
    })
  }

  test('one that was copied over another', async () => {
    const { wrapper, path, unwrap, folder } = await oneVersion()
    cpSync(join(folder, `${await wrapper.create()}.key`), path)
    await refuses(unwrap, 'wrong-key', /file of another version/)
  })

  test('no message shows the key', async () => {
    const { path, unwrap } = await oneVersion()
    const secret = readFileSync(path, 'utf8').split('\n')[3]?.slice(4) ?? ''
    writeFileSync(path, `${readFileSync(path, 'utf8')}\n`)
    await assert.rejects(unwrap(), (error: LedgerError) => !`${error.stack}`.includes(secret))
  })
})

test('the keys of two ledgers do not open for each other, though one read the file of the other', async () => {
  const { folder, version, wrapped } = await oneVersion()
  const other = fileWrapper({ folder, ledger: 'other.example/agents' })
  await refuses(() => other.unwrap(version, wrapped, CONTEXT), 'wrong-key', /another ledger/)
})

test('a ledger of a name that would break the lines of a file is refused', () => {
  for (const ledger of ['', 'two\nlines', 'x'.repeat(600)]) {
    assert.throws(() => fileWrapper({ folder: freshFolder(), ledger }), hasCode('invalid-origin'))
  }
})

describe('a destroyed version', () => {
  test('leaves a tombstone and nothing of the key', async () => {
    const { folder, path, wrapper, version } = await oneVersion()
    assert.equal(await wrapper.destroy(version), 'destroyed')
    assert.ok(!existsSync(path))
    assert.deepEqual(readdirSync(folder), [`${version}.destroyed`])
    assert.equal(
      readFileSync(join(folder, `${version}.destroyed`), 'utf8'),
      `affidavit destroyed key-encryption key v1\nledger ${LEDGER}\nversion ${version}\n`,
    )
  })

  test('is overwritten in place: another name of the file shows nothing of it either', async () => {
    const { folder, path, wrapper, version } = await oneVersion()
    const text = readFileSync(path, 'utf8')
    linkSync(path, join(folder, 'another name'))
    await wrapper.destroy(version)
    assert.equal(readFileSync(join(folder, 'another name'), 'utf8'), '-'.repeat(text.length))
  })

  test('takes drafts of killed processes along', async () => {
    const { folder, wrapper, version } = await oneVersion()
    writeFileSync(join(folder, `${version}.key.999999999-0123456789ab.tmp`), 'a copy')
    await wrapper.destroy(version)
    assert.deepEqual(readdirSync(folder), [`${version}.destroyed`])
  })

  test('whose key file comes back from a backup is a rolled-back key file: named, and opens nothing', async () => {
    const { path, wrapper, version, unwrap } = await oneVersion()
    const backup = readFileSync(path)
    await wrapper.destroy(version)
    writeFileSync(path, backup, { mode: 0o600 })
    await refuses(unwrap, 'key-destroyed', /came back/)
    assert.deepEqual(await wrapper.versions(), [{ version, state: 'destroying' }])
    assert.equal(await wrapper.destroy(version), 'destroyed')
    assert.ok(!existsSync(path))
    await refuses(unwrap, 'key-destroyed', /was destroyed/)
  })

  test('counts on: the next name is a higher one, and also differs where the folder was rolled back', async () => {
    const { folder, wrapper } = await oneVersion()
    cpSync(folder, `${folder}-before`, { recursive: true })
    const second = await wrapper.create()
    const again = await fileWrapper({ folder: `${folder}-before`, ledger: LEDGER }).create()
    assert.deepEqual([second.slice(0, 5), again.slice(0, 5)], ['0002-', '0002-'])
    assert.notEqual(second, again)
  })
})

test('other files in the folder are no versions', async () => {
  const { folder, wrapper, version } = await oneVersion()
  for (const name of [
    'notes.txt',
    'x.key',
    `${version}.key~`,
    `${version}.key.1-0123456789ab.tmp`,
    '12-zz.destroyed',
  ]) {
    writeFileSync(join(folder, name), '')
  }
  assert.deepEqual(await wrapper.versions(), [{ version, state: 'usable' }])
})

test('versions stay in order when their numbers grow longer', async () => {
  const { folder, wrapper } = await oneVersion()
  const names = ['9999-0123456789abcdef', '10000-0123456789abcdef']
  for (const name of names) writeFileSync(join(folder, `${name}.destroyed`), '')
  assert.deepEqual(
    (await wrapper.versions()).slice(1).map(({ version }) => version),
    names,
  )
})

test('a folder that cannot be written is unavailable, and nothing is created', async () => {
  const place = freshFolder()
  mkdirSync(join(place, '..'), { recursive: true })
  writeFileSync(place, 'a file in the way')
  const wrapper = fileWrapper({ folder: place, ledger: LEDGER })
  await refuses(() => wrapper.create(), 'key-unavailable', /cannot/)
  await refuses(() => wrapper.versions(), 'key-unavailable', /cannot read the folder/)
})

function swapLetter(text: string): string {
  return text.replace(/^(key .{9})(.)/m, (_, before, letter) => `${before}${letter === 'A' ? 'B' : 'A'}`)
}

function pathsIn(folder: string): string[] {
  return readdirSync(folder).map((name) => join(folder, name))
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777
}

async function refuses(work: () => Promise<unknown>, code: ErrorCode, problem: RegExp): Promise<void> {
  await assert.rejects(work, (error) => hasCode(code)(error) && problem.test(String(error)))
}

function hasCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof LedgerError && error.code === code
}
