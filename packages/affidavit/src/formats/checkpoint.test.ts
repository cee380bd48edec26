import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import fc from 'fast-check'

import { hostileBytes } from '../../test/hostile.ts'
import { fromHex, toHex } from '../bytes/hex.ts'
import { utf8 } from '../bytes/text.ts'
import {
  createCheckpointOpener,
  formatCheckpointBody,
  openCheckpoint,
  parseCheckpointBody,
  signCheckpoint,
} from './checkpoint.ts'
import { cosign } from './cosignature.ts'
import { formatNote, formatSignatureLine } from './note.ts'
import { createNoteVerifier } from './note-verifier.ts'
import { parseSignerKey, type SignerKey, signerKeyFromSeed } from './signer-key.ts'
import { createVerifierKey, formatVerifierKey, parseVerifierKey, type VerifierKey } from './verifier-key.ts'

interface CheckpointVectors {
  bodies: {
    name: string
    input: string
    expected: { origin: string; size: number; rootHex: string; extensions: string[] }
  }[]
  bodyLies: { name: string; input: string; lie: string }[]
  opened: {
    name: string
    input: string
    trusted: string[]
    expected: { origin: string; size: number; verified: { vkey: string; time?: number }[] }
  }[]
  openLies: { name: string; input: string; trusted: string[]; lie: string }[]
}

const vectors: CheckpointVectors = JSON.parse(
  readFileSync(new URL('../../testdata/checkpoint/checkpoint.json', import.meta.url), 'utf8'),
)
const keys: { keys: { label: string; skey: string }[] } = JSON.parse(
  readFileSync(new URL('../../testdata/checkpoint/keys.json', import.meta.url), 'utf8'),
)

function signer(label: string): SignerKey {
  const key = parseSignerKey(keys.keys.find((each) => each.label === label)?.skey ?? '')
  assert.ok(!('code' in key))
  return key
}

function verifier(vkey: string): VerifierKey {
  const key = parseVerifierKey(vkey)
  assert.ok(!('code' in key))
  return key
}

function codeOf(result: object): unknown {
  return 'code' in result ? result.code : 'accepted'
}

for (const { name, input, expected } of vectors.bodies) {
  test(`the text of a checkpoint is read and written: ${name}`, () => {
    const checkpoint = parseCheckpointBody(input)
    assert.ok(!('code' in checkpoint))
    const { root, ...rest } = checkpoint
    assert.deepEqual({ ...rest, rootHex: toHex(root) }, expected)
    assert.equal(formatCheckpointBody(checkpoint), input)
  })
}

for (const { name, input, lie } of vectors.bodyLies) {
  test(`refused as the text of a checkpoint: ${name}`, () => assert.equal(codeOf(parseCheckpointBody(input)), lie))
}

for (const { name, input, trusted, expected } of vectors.opened) {
  test(`a checkpoint is opened under pinned keys: ${name}`, () => {
    const opened = openCheckpoint(utf8(input), trusted.map(verifier))
    assert.ok(!('code' in opened))
    const verified = opened.verified.map(({ key, ...said }) => {
      return 'time' in said ? { vkey: formatVerifierKey(key), time: said.time } : { vkey: formatVerifierKey(key) }
    })
    const { origin, size } = opened.checkpoint
    assert.deepEqual({ origin, size, verified }, expected)
  })
}

for (const { name, input, trusted, lie } of vectors.openLies) {
  test(`a checkpoint is refused: ${name}`, () => {
    assert.equal(codeOf(openCheckpoint(utf8(input), trusted.map(verifier))), lie)
  })
}

const log = signer('log')
const heartbeat = signer('heartbeat')
const stranger = signer('stranger')
const head = { origin: log.verifierKey.name, size: 13, root: new Uint8Array(32).fill(0x5a) }
const body = formatCheckpointBody(head)
const note = formatNote(body, signCheckpoint(body, [log]))

test('our signatures are those of the golden checkpoints', () => {
  const golden = vectors.opened.find(({ name }) => name === 'everybody trusted')?.input ?? ''
  const text = vectors.bodies.find(({ name }) => name === 'thirteen entries')?.input ?? ''
  const lines = [
    ...signCheckpoint(text, [log]),
    cosign(text, heartbeat, 1_767_139_200),
    cosign(text, signer('witness-north'), 1_767_139_205),
    cosign(text, signer('witness-south'), 1_767_139_206),
    ...signCheckpoint(text, [stranger]),
  ]
  assert.equal(formatNote(text, lines), golden)
})

test('every flipped bit of a signed checkpoint is refused', () => {
  const open = createCheckpointOpener([log.verifierKey])
  assert.ok(!('code' in open(utf8(note))))
  for (const { bit, lie } of flips(utf8(note))) assert.ok('code' in open(lie), `bit ${bit}`)
})

test('a line that held over one text, under one key, is met again: over another, or under another, it does not hold', () => {
  const open = createCheckpointOpener([log.verifierKey, heartbeat.verifierKey])
  const [line = assert.fail()] = signCheckpoint(body, [log])
  const larger = formatCheckpointBody({ ...head, size: 14 })
  const { name, keyId } = heartbeat.verifierKey
  const lies = [
    formatNote(larger, [line]),
    formatNote(body, signCheckpoint(larger, [log])),
    formatNote(body, [{ ...line, name, keyId }]),
  ]
  const answers = (): unknown[] => [note, ...lies].map((one) => codeOf(open(utf8(one))))
  const first = answers()
  assert.deepEqual(first, ['accepted', 'signature-mismatch', 'signature-mismatch', 'cosignature-length'])
  assert.deepEqual(answers(), first)
})

test('a flipped bit in the line of a stranger never changes what is believed', () => {
  const whole = utf8(note + formatNote('x\n', signCheckpoint(body, [stranger])).slice('x\n\n'.length))
  const open = createCheckpointOpener([log.verifierKey])
  for (const { bit, lie } of flips(whole)) {
    const opened = open(lie)
    if ('code' in opened) continue
    assert.ok(bit >= utf8(note).length * 8, `bit ${bit}`)
    assert.deepEqual([opened.note.text, opened.verified], [body, [{ type: 'ed25519', key: log.verifierKey }]])
  }
})

test('a flipped bit can cost a checkpoint a cosigner, never change its text, time or signers', () => {
  const whole = utf8(note + formatSignatureLine(cosign(body, heartbeat, 1_767_139_200)))
  const open = createCheckpointOpener([log.verifierKey, heartbeat.verifierKey])
  const honest = open(whole)
  assert.ok(!('code' in honest))
  for (const { lie } of flips(whole)) {
    const opened = open(lie)
    if ('code' in opened) continue
    assert.equal(opened.note.text, body)
    assert.equal(opened.verified.length, 1)
    assert.ok(honest.verified.some((verified) => JSON.stringify(verified) === JSON.stringify(opened.verified[0])))
  }
})

function* flips(bytes: Uint8Array): Generator<{ bit: number; lie: Uint8Array }> {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const lie = Uint8Array.from(bytes)
    lie[bit >> 3] = (lie[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    yield { bit, lie }
  }
}

const line = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[^ -\u{10ffff}]/u.test(text))
const anyHead = fc.record(
  {
    origin: line,
    size: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    extensions: fc.array(line, { maxLength: 3 }),
  },
  { noNullPrototype: true },
)

test('what is formatted is parsed back, and what is parsed is formatted back', () => {
  fc.assert(fc.property(anyHead, (any) => assert.deepEqual(parseCheckpointBody(formatCheckpointBody(any)), any)))
  const good = vectors.bodies.map(({ input }) => utf8(input))
  fc.assert(
    fc.property(hostileBytes(good), (bytes) => {
      const text = Buffer.from(bytes).toString('utf8')
      const checkpoint = parseCheckpointBody(text)
      if (!('code' in checkpoint)) assert.equal(formatCheckpointBody(checkpoint), text)
    }),
    { numRuns: 500 },
  )
})

test('hostile bytes never throw, and are opened only if a trusted key signed their text', () => {
  const open = createCheckpointOpener([log.verifierKey, heartbeat.verifierKey])
  const signed = new Set(vectors.opened.map(({ input }) => input.slice(0, input.lastIndexOf('\n\n') + 1)))
  fc.assert(
    fc.property(hostileBytes(vectors.opened.map(({ input }) => utf8(input))), (bytes) => {
      const opened = open(bytes)
      if (!('code' in opened)) assert.ok(signed.has(opened.note.text))
    }),
    { numRuns: 300 },
  )
})

test('what is no checkpoint is neither formatted nor signed', () => {
  for (const lie of [
    { ...head, origin: '' },
    { ...head, origin: 'two\nlines' },
    { ...head, origin: `a\n5\n${toHex(head.root)}` },
    { ...head, origin: '\ud800' },
    { ...head, size: -1 },
    { ...head, size: 1.5 },
    { ...head, size: 2 ** 53 },
    { ...head, size: 0 },
    { ...head, root: new Uint8Array(31) },
    { ...head, extensions: ['two\nlines'] },
    { ...head, extensions: [''] },
  ]) {
    assert.throws(() => formatCheckpointBody(lie), RangeError)
  }
  assert.throws(() => signCheckpoint('hello\n', [log]), RangeError)
  assert.throws(() => signCheckpoint(body, [heartbeat]), RangeError)
})

test('two pinned keys that share name and id: the line of either opens the checkpoint', () => {
  const twin = { ...stranger.verifierKey, name: log.verifierKey.name, keyId: log.verifierKey.keyId }
  for (const trusted of [
    [twin, log.verifierKey],
    [log.verifierKey, twin],
  ]) {
    const opened = openCheckpoint(utf8(note), trusted)
    assert.ok(!('code' in opened))
    assert.deepEqual(opened.verified, [{ type: 'ed25519', key: log.verifierKey }])
  }
  assert.equal(codeOf(openCheckpoint(utf8(note), [twin])), 'signature-mismatch')
})

test('a key of small order, under which anybody could sign, signs nothing', () => {
  const identity = createVerifierKey(
    'test.example/log',
    'ed25519',
    Uint8Array.from({ length: 32 }, (_, at) => (at ? 0 : 1)),
  )
  const forged = Uint8Array.from({ length: 64 }, (_, at) => (at ? 0 : 1))
  assert.equal(codeOf(createNoteVerifier(identity)(body, forged)), 'signature-mismatch')
})

test('OpenSSL verifies a checkpoint that we signed', (t) => {
  const version = spawnSync('openssl', ['version'], { encoding: 'utf8', timeout: 10_000 })
  if (version.status !== 0) return t.skip('no openssl on this machine')
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-checkpoint-'))
  try {
    const key = signerKeyFromSeed('test.example/log', 'ed25519', new Uint8Array(32).fill(9))
    const [signature] = signCheckpoint(body, [key])
    assert.ok(signature !== undefined)
    const verify = (text: string): number | null => {
      writeFileSync(join(folder, 'text'), text)
      writeFileSync(join(folder, 'signature'), signature.signature)
      // RFC 8410: what stands before a raw Ed25519 public key in SPKI.
      const prefix = fromHex('302a300506032b6570032100') ?? new Uint8Array()
      writeFileSync(join(folder, 'key'), Buffer.concat([prefix, key.verifierKey.publicKey]))
      const files = ['-pubin', '-keyform', 'DER', '-inkey', 'key', '-in', 'text', '-sigfile', 'signature']
      return spawnSync('openssl', ['pkeyutl', '-verify', '-rawin', ...files], { cwd: folder, timeout: 10_000 }).status
    }
    assert.equal(verify(body), 0)
    assert.equal(verify(body.replace('13', '14')), 1)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
