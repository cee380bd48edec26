// Notes, keys and signatures that other implementations made, where their vectors lie beside the project.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { fromHex, toHex } from '../src/bytes/hex.ts'
import { utf8 } from '../src/bytes/text.ts'
import { publicKeyFromRaw, verifyEd25519 } from '../src/crypto/ed25519.ts'
import { decodeBundle, encodeBundle } from '../src/formats/bundle.ts'
import { openCheckpoint } from '../src/formats/checkpoint.ts'
import { formatNote, parseNote } from '../src/formats/note.ts'
import { createNoteVerifier } from '../src/formats/note-verifier.ts'
import { formatSignerKey, parseSignerKey } from '../src/formats/signer-key.ts'
import { formatVerifierKey, parseVerifierKey, type VerifierKey } from '../src/formats/verifier-key.ts'
import { foldRoots, leafHash } from '../src/merkle/hash.ts'
import { sharedFolder } from './shared-vectors.ts'

interface NotesAndRoots {
  signed_note_examples: {
    vkey?: string
    vkeys?: string[]
    skey_peter_TEST_ONLY?: string
    note: string
    source: string
  }[]
  bad_vkeys: string[]
  tessera_testlog_vkey: string
  cosig_v1_vkeys: Record<string, string | number>
}

interface Wycheproof {
  testGroups: {
    publicKey: { pk: string }
    tests: { tcId: number; comment: string; msg: string; sig: string; result: 'valid' | 'invalid' }[]
  }[]
}

const shared = sharedFolder()

if (shared === undefined)
  test('public notes and signatures', { skip: 'no folder `shared` beside the project' }, () => {})
else checkVectors(join(shared, 'vectors'))

function checkVectors(folder: string): void {
  const vectors: NotesAndRoots = JSON.parse(readFileSync(join(folder, 'notes-and-roots.json'), 'utf8'))

  for (const { vkey, vkeys = [], note, source, skey_peter_TEST_ONLY: skey } of vectors.signed_note_examples) {
    test(`a public note holds under its keys: ${source}`, () => {
      const parsed = parseNote(utf8(note))
      assert.ok(!('code' in parsed))
      assert.equal(formatNote(parsed.text, parsed.signatures), note)
      const keys = [...vkeys, ...(vkey === undefined ? [] : [vkey])].map(verifierKey)
      assert.equal(parsed.signatures.length, keys.length)
      for (const [at, line] of parsed.signatures.entries()) {
        const key = keys[at]
        assert.ok(key !== undefined && key.name === line.name && key.keyId === line.keyId)
        assert.ok(!('code' in createNoteVerifier(key)(parsed.text, line.signature)))
        assert.ok('code' in createNoteVerifier(key)(`${parsed.text}more\n`, line.signature))
      }
      if (skey !== undefined) assertSignerKey(skey, keys)
    })
  }

  test('public verifier keys are read and written, the broken ones refused', () => {
    const cosigners = Object.values(vectors.cosig_v1_vkeys).filter((vkey) => typeof vkey === 'string')
    assert.equal(cosigners.length, 2)
    for (const vkey of cosigners) assert.equal(verifierKey(vkey).type, 'cosignature/v1')
    const codes = vectors.bad_vkeys.map((vkey) => {
      const key = parseVerifierKey(vkey)
      return 'code' in key ? key.code : 'accepted'
    })
    assert.deepEqual(codes, ['vkey-base64', 'vkey-unknown-type'])
  })

  test('the checkpoints of a public log open, and stand for the entries of its bundles', () => {
    const log = join(folder, 'tessera-testlog')
    const key = verifierKey(vectors.tessera_testlog_vkey)
    const sizes = readdirSync(log).flatMap((name) => /^checkpoint\.(\d+)$/.exec(name)?.[1] ?? [])
    assert.equal(sizes.length, 16)
    for (const size of sizes) {
      const opened = openCheckpoint(readFileSync(join(log, `checkpoint.${size}`)), [key])
      assert.ok(!('code' in opened))
      assert.equal(opened.checkpoint.size, Number(size))
      assert.equal(opened.checkpoint.origin, 'example.com/log/testdata')
      if (size === '0') continue
      const bundle = readFileSync(join(log, 'tile/entries/000.p', size))
      const entries = decodeBundle(bundle, Number(size))
      assert.ok(!('code' in entries))
      assert.equal(toHex(encodeBundle(entries)), toHex(bundle))
      assert.equal(toHex(rootOf(entries.map(leafHash))), toHex(opened.checkpoint.root))
    }
  })

  test('Ed25519 answers as the Wycheproof vectors say', () => {
    const { testGroups }: Wycheproof = JSON.parse(readFileSync(join(folder, 'wycheproof/ed25519_test.json'), 'utf8'))
    let checked = 0
    for (const { publicKey, tests } of testGroups) {
      const key = publicKeyFromRaw(bytes(publicKey.pk))
      assert.ok(key !== undefined)
      for (const { tcId, comment, msg, sig, result } of tests) {
        assert.equal(verifyEd25519(key, bytes(msg), bytes(sig)), result === 'valid', `${tcId} ${comment}`)
        checked++
      }
    }
    assert.equal(checked, 151)
  })
}

function assertSignerKey(skey: string, keys: readonly VerifierKey[]): void {
  const signer = parseSignerKey(skey)
  assert.ok(!('code' in signer))
  assert.equal(formatSignerKey(signer), skey)
  assert.deepEqual(signer.verifierKey, keys[0])
}

function verifierKey(vkey: string): VerifierKey {
  const key = parseVerifierKey(vkey)
  assert.ok(!('code' in key), vkey)
  assert.equal(formatVerifierKey(key), vkey)
  return key
}

function bytes(hex: string): Uint8Array {
  const decoded = fromHex(hex)
  assert.ok(decoded !== undefined)
  return decoded
}

// RFC 6962 §2.1, split by split.
function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length < 2) return foldRoots(leaves)
  const half = 2 ** Math.ceil(Math.log2(leaves.length) - 1)
  return foldRoots([rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half))])
}
