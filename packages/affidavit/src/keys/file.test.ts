import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createPublicKey, verify } from 'node:crypto'
import {
  chmodSync,
  cpSync,
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
import { basename, join } from 'node:path'
import { after, describe, test } from 'node:test'
import { type ErrorCode, LedgerError } from '../errors/ledger-error.ts'
import { formatSignerKey, generateSignerKey } from '../formats/signer-key.ts'
import { formatVerifierKey } from '../formats/verifier-key.ts'
import type { Signer } from '../ledger/keys.ts'
import { createFileKeys, fileKeys, retireFileKeys } from './file.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-keys-'))
after(() => rmSync(root, { recursive: true, force: true }))

const LEDGER = 'clinic.example/agents/0123456789abcdef'
const OTHER = 'clinic.example/agents/fedcba9876543210'
const FILES = ['checkpoint.key', 'digest.key', 'heartbeat.key']

let folders = 0
function freshFolder(): string {
  return join(root, String(folders++), 'keys')
}

/** A folder with the keys of a ledger. */
function keysOf(ledger: string = LEDGER): string {
  const folder = freshFolder()
  createFileKeys(folder, ledger)
  return folder
}

/** What lies in a folder, and what it says. */
function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile())
  return Object.fromEntries(
    files.map((file) => [
      join(file.parentPath, file.name).slice(folder.length + 1),
      readFileSync(join(file.parentPath, file.name), 'utf8'),
    ]),
  )
}

/** The end of a key file: nothing but its secret. */
function secretOf(text: string | undefined): string {
  const secret = text?.trimEnd().slice(-40) ?? ''
  assert.equal(secret.length, 40)
  return secret
}

function modesOf(folder: string): number[] {
  return ['.', ...readdirSync(folder)].map((name) => statSync(join(folder, name)).mode & 0o777)
}

/** Whether a signature holds under a key's text, by node:crypto alone. */
function holds({ verifierKey }: Signer, message: string, signature: Uint8Array): boolean {
  const [, , ...encoded] = formatVerifierKey(verifierKey).split('+')
  const x = Buffer.from(encoded.join('+'), 'base64').subarray(1).toString('base64url')
  return verify(
    null,
    Buffer.from(message),
    createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }),
    signature,
  )
}

describe('new keys', () => {
  test('are three files that their owner alone can read, whatever the umask says', () => {
    for (const umask of [0o000, 0o022, 0o077]) {
      const before = process.umask(umask)
      try {
        const folder = keysOf()
        assert.deepEqual(readdirSync(folder).sort(), FILES)
        assert.deepEqual(modesOf(folder), [0o700, 0o600, 0o600, 0o600])
      } finally {
        process.umask(before)
      }
    }
  })

  test('close a folder that was open to others', () => {
    const folder = freshFolder()
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o755)
    createFileKeys(folder, LEDGER)
    assert.equal(statSync(folder).mode & 0o777, 0o700)
  })

  test('are the ledger’s, sign under their names, and are different each time', async () => {
    const keys = [keysOf(), keysOf()].map((folder) => fileKeys(folder, LEDGER))
    const seen = new Set<string>()
    for (const { checkpoint, heartbeat, digestKey } of keys) {
      const signer = await checkpoint()
      assert.deepEqual([signer.verifierKey.name, signer.verifierKey.type], [LEDGER, 'ed25519'])
      assert.deepEqual(
        [heartbeat.verifierKey.name, heartbeat.verifierKey.type],
        [`${LEDGER}/heartbeat`, 'cosignature/v1'],
      )
      for (const one of [signer, heartbeat]) {
        const signature = await one.sign(Buffer.from('a message'))
        assert.ok(holds(one, 'a message', signature))
        assert.ok(!holds(one, 'another message', signature))
        seen.add(formatVerifierKey(one.verifierKey))
      }
      seen.add(digestKey.export().toString('hex'))
      assert.equal(digestKey.symmetricKeySize, 32)
    }
    assert.equal(seen.size, 6)
  })

  for (const file of FILES) {
    test(`are never written over ${file}`, () => {
      const folder = freshFolder()
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, file), 'the only copy')
      assertRefused(() => createFileKeys(folder, LEDGER), 'ledger-exists', file)
      assert.equal(contents(folder)[file], 'the only copy')
      assert.deepEqual(
        readdirSync(folder).filter((name) => !FILES.includes(name)),
        [],
      )
    })
  }

  test('are never written over those of the same ledger', () => {
    const folder = keysOf()
    const before = contents(folder)
    assertRefused(() => createFileKeys(folder, LEDGER), 'ledger-exists', 'checkpoint.key')
    assert.deepEqual(contents(folder), before)
  })
})

describe('keys are refused', () => {
  for (const file of FILES) {
    test(`without ${file}`, () => {
      const folder = keysOf()
      rmSync(join(folder, file))
      assertRefused(() => fileKeys(folder, LEDGER), 'missing-key', file)
    })
  }

  test('without a folder', () => {
    assertRefused(() => fileKeys(freshFolder(), LEDGER), 'missing-key', 'heartbeat.key')
  })

  const lies: readonly (readonly [name: string, file: string, change: (text: string, folder: string) => string])[] = [
    ['empty', 'checkpoint.key', () => ''],
    ['cut short', 'checkpoint.key', (text) => text.slice(0, -3)],
    ['with a flipped letter', 'checkpoint.key', (text) => text.replace('PRIVATE', 'PRIVATF')],
    ['with another name in it', 'heartbeat.key', (text) => text.replace('clinic', 'klinic')],
    ['of another kind', 'checkpoint.key', () => formatSignerKey(generateSignerKey(LEDGER, 'cosignature/v1'))],
    ['of another kind', 'heartbeat.key', () => formatSignerKey(generateSignerKey(`${LEDGER}/heartbeat`, 'ed25519'))],
    ['the other one', 'heartbeat.key', (_, folder) => contents(folder)['checkpoint.key'] ?? ''],
    ['of another ledger', 'checkpoint.key', () => contents(keysOf(OTHER))['checkpoint.key'] ?? ''],
    ['of another ledger', 'heartbeat.key', () => contents(keysOf(OTHER))['heartbeat.key'] ?? ''],
    ['a verifier key', 'checkpoint.key', () => 'clinic.example/agents/0123456789abcdef+00000000+AQ=='],
    ['too short', 'digest.key', () => `${Buffer.alloc(31).toString('base64')}\n`],
    ['too long', 'digest.key', () => `${Buffer.alloc(33).toString('base64')}\n`],
    ['no base64', 'digest.key', (text) => text.replace(/^./, '*')],
  ]
  for (const [name, file, change] of lies) {
    test(`with a ${file}: ${name}`, () => {
      const folder = keysOf()
      const text = contents(folder)[file] ?? ''
      writeFileSync(join(folder, file), change(text, folder))
      const { message } = assertRefused(() => fileKeys(folder, LEDGER), 'wrong-key', file)
      assert.ok(!message.includes(secretOf(text)))
    })
  }

  test('later, when the key of checkpoints was replaced by a stranger’s', async () => {
    const folder = keysOf()
    const keys = fileKeys(folder, LEDGER)
    cpSync(join(keysOf(OTHER), 'checkpoint.key'), join(folder, 'checkpoint.key'))
    await assert.rejects(keys.checkpoint(), { code: 'wrong-key' })
    rmSync(join(folder, 'checkpoint.key'))
    await assert.rejects(keys.checkpoint(), { code: 'missing-key' })
  })
})

describe('a copy that a killed process left of a secret', () => {
  const dead = spawnSync(process.execPath, ['--eval', '']).pid
  const left = (folder: string, pid: number): string => join(folder, `checkpoint.key.${pid}-0123456789ab.tmp`)

  test('is gone when keys are made in that folder', () => {
    const folder = freshFolder()
    mkdirSync(folder, { recursive: true })
    writeFileSync(left(folder, dead), 'secret')
    createFileKeys(folder, LEDGER)
    assert.deepEqual(readdirSync(folder).sort(), FILES)
  })

  test('is gone when a rotation is finished; that of a process at work is not touched', async () => {
    const folder = keysOf()
    for (const pid of [dead, process.pid, process.ppid]) writeFileSync(left(folder, pid), 'secret')
    const keys = fileKeys(folder, LEDGER)
    await keys.finishRotation(await keys.beginRotation())
    assert.deepEqual(readdirSync(folder).sort(), [...FILES, basename(left(folder, process.ppid))].sort())
  })
})

describe('a rotation', () => {
  const nameOf = ({ verifierKey }: Signer): string => formatVerifierKey(verifierKey)

  test('begun twice, also by another process, is one, and not in force before it is finished', async () => {
    const folder = keysOf()
    const keys = fileKeys(folder, LEDGER)
    const old = nameOf(await keys.checkpoint())
    assert.equal(await keys.pendingRotation(), undefined)
    const next = await keys.beginRotation()
    assert.notEqual(nameOf(next), old)
    for (const process of [keys, fileKeys(folder, LEDGER)]) {
      const [again, pending] = [await process.beginRotation(), await process.pendingRotation()]
      assert.deepEqual([nameOf(again), pending && nameOf(pending)], [nameOf(next), nameOf(next)])
      assert.equal(nameOf(await process.checkpoint()), old)
      assert.ok(holds(next, 'm', await again.sign(Buffer.from('m'))))
    }
    assert.deepEqual(modesOf(folder), [0o700, 0o600, 0o600, 0o600, 0o600])
  })

  test('that is finished destroys the old secret, and every process has the new key', async () => {
    const folder = keysOf()
    const [keys, other] = [fileKeys(folder, LEDGER), fileKeys(folder, LEDGER)]
    const secret = secretOf(contents(folder)['checkpoint.key'])
    const next = await keys.beginRotation()
    await keys.finishRotation(next)
    for (const process of [keys, other, fileKeys(folder, LEDGER)]) {
      assert.equal(nameOf(await process.checkpoint()), nameOf(next))
      assert.equal(await process.pendingRotation(), undefined)
    }
    assert.deepEqual(readdirSync(folder).sort(), FILES)
    assert.ok(Object.values(contents(folder)).every((text) => !text.includes(secret)))
  })

  test('that another process finished leaves nothing to do, and the next one alone', async () => {
    const folder = keysOf()
    const [keys, other] = [fileKeys(folder, LEDGER), fileKeys(folder, LEDGER)]
    const [mine, theirs] = [await keys.beginRotation(), await other.beginRotation()]
    await other.finishRotation(theirs)
    await keys.finishRotation(mine)
    assert.equal(nameOf(await keys.checkpoint()), nameOf(mine))
    const later = await other.beginRotation()
    await keys.finishRotation(mine)
    assert.equal(nameOf(await keys.checkpoint()), nameOf(mine))
    assert.equal(nameOf(await keys.beginRotation()), nameOf(later))
  })

  test('with a key of another ledger is refused', async () => {
    const folder = keysOf()
    const keys = fileKeys(folder, LEDGER)
    cpSync(join(keysOf(OTHER), 'checkpoint.key'), join(folder, 'checkpoint.key.next'))
    for (const work of [keys.pendingRotation, keys.beginRotation]) {
      await assert.rejects(work(), { code: 'wrong-key' })
    }
  })
})

describe('keys that are retired', () => {
  test('stand aside under the id of the checkpoint key, whole, and new ones are made in their place', async () => {
    const folder = keysOf()
    const keys = fileKeys(folder, LEDGER)
    await keys.beginRotation()
    const before = contents(folder)
    const shelf = join('previous', (await keys.checkpoint()).verifierKey.keyId)
    retireFileKeys(folder)
    assert.deepEqual(
      contents(folder),
      Object.fromEntries(Object.entries(before).map(([name, text]) => [join(shelf, name), text])),
    )
    assert.equal(statSync(join(folder, shelf)).mode & 0o777, 0o700)
    createFileKeys(folder, OTHER)
    assert.equal((await fileKeys(folder, OTHER).checkpoint()).verifierKey.name, OTHER)
    assert.ok(await fileKeys(join(folder, shelf), LEDGER).checkpoint())
  })

  test('of several incarnations do not meet', () => {
    const folder = keysOf()
    retireFileKeys(folder)
    createFileKeys(folder, OTHER)
    retireFileKeys(folder)
    assert.equal(readdirSync(join(folder, 'previous')).length, 2)
    assert.equal(Object.keys(contents(folder)).length, 6)
  })

  test('twice are retired once, and so are those that a crash left half retired', () => {
    const folder = keysOf()
    const before = Object.values(contents(folder))
    retireFileKeys(folder)
    const after = contents(folder)
    assert.deepEqual(Object.values(after), before)
    const [shelf = ''] = readdirSync(join(folder, 'previous'))
    renameSync(join(folder, 'previous', shelf, 'checkpoint.key'), join(folder, 'checkpoint.key'))
    for (let again = 0; again < 2; again++) {
      retireFileKeys(folder)
      assert.deepEqual(contents(folder), after)
    }
  })

  test('are none of which the checkpoint key is lost: nothing is moved', () => {
    const folder = keysOf()
    rmSync(join(folder, 'checkpoint.key'))
    const before = contents(folder)
    assertRefused(() => retireFileKeys(folder), 'missing-key', 'checkpoint.key')
    assert.deepEqual(contents(folder), before)
  })
})

function assertRefused(work: () => unknown, code: ErrorCode, file: string): LedgerError {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof LedgerError, String(error))
    assert.equal(error.code, code)
    assert.ok(error.problem.includes(file), error.problem)
    return error
  }
  return assert.fail('it was not refused')
}
