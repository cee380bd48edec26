import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { describe, test } from 'node:test'

import { heartbeatKey, logKey } from '../../test/signing.ts'
import { signEd25519 } from '../crypto/ed25519.ts'
import { LedgerError, unreachable } from '../errors/ledger-error.ts'
import { formatCheckpointBody } from '../formats/checkpoint.ts'
import { parseNote } from '../formats/note.ts'
import { createNoteVerifier } from '../formats/note-verifier.ts'
import type { SignerKey } from '../formats/signer-key.ts'
import { EMPTY_ROOT } from '../merkle/hash.ts'
import type { LedgerKeys, Signer } from './keys.ts'
import { signStatement } from './statement.ts'

const origin = 'clinic.example/agents/0123456789abcdef'
const key = logKey(origin)
const keys: LedgerKeys = {
  digestKey: createSecretKey(Buffer.alloc(32, 7)),
  heartbeat: signer(heartbeatKey(origin)),
  checkpoint: async () => signer(key),
  beginRotation: () => unreachable('no rotation here'),
  pendingRotation: async () => undefined,
  finishRotation: () => unreachable('no rotation here'),
}

function signer({ verifierKey, privateKey }: SignerKey): Signer {
  return { verifierKey, sign: async (message) => signEd25519(privateKey, message) }
}

test('a statement is a note that the checkpoint key has signed', async () => {
  const note = parseNote(Buffer.from(await signStatement(keys, origin, 'a word\nand another\n')))
  assert.ok(!('code' in note))
  assert.equal(note.text, 'a word\nand another\n')
  assert.equal(note.signatures.length, 1)
  const [line] = note.signatures
  assert.ok(line !== undefined && !('code' in createNoteVerifier(key.verifierKey)(note.text, line.signature)))
})

describe('not signed', () => {
  const head = { size: 3, root: EMPTY_ROOT }
  const texts: [name: string, text: string][] = [
    ['a checkpoint', formatCheckpointBody({ origin, ...head })],
    ['a checkpoint of another log', formatCheckpointBody({ origin: 'elsewhere.example/x', ...head })],
    ['a checkpoint with extension lines', `${formatCheckpointBody({ origin, ...head })}more\n`],
    ['a checkpoint as a lenient reader takes it', `${origin}\n 3 \n${Buffer.alloc(32).toString('hex')}\n`],
    ['the origin alone', `${origin}\n`],
    ['what a cosigner signs', `cosignature/v1\ntime 1\n${formatCheckpointBody({ origin, ...head })}`],
    ['a text without a newline', 'a word'],
    ['a text with a control character', 'a\tword\n'],
    ['nothing', ''],
  ]
  for (const [name, text] of texts) {
    test(name, () =>
      assert.rejects(
        signStatement(keys, origin, text),
        (error) => error instanceof LedgerError && error.code === 'invalid-statement',
      ),
    )
  }
})
