// Checks signatures of notes, one key at a time (spec/checkpoint.md §1, §4). The key object is made once per verifier.

import type { KeyObject } from 'node:crypto'

import { utf8 } from '../bytes/text.ts'
import { publicKeyFromRaw, verifyEd25519 } from '../crypto/ed25519.ts'
import { type CosignatureFault, verifyCosignature } from './cosignature.ts'
import type { VerifierKey } from './verifier-key.ts'

const SIGNATURE_BYTES = 64

/** A signature line that holds, and what it says beyond the text: a cosignature also says when. */
export type VerifiedSignature =
  | { readonly type: 'ed25519'; readonly key: VerifierKey }
  | { readonly type: 'cosignature/v1'; readonly key: VerifierKey; readonly time: number }

/** Why a line that carries the name and id of a known key is not that key's signature. */
export type SignatureFault = { readonly name: string; readonly keyId: string } & (Ed25519Fault | CosignatureFault)

type Ed25519Fault =
  | { readonly code: 'signature-length'; readonly expected: number; readonly got: number }
  | { readonly code: 'signature-mismatch' }

/** Checks a line's bytes after the key id against the text of its note. */
export type NoteVerifier = (noteText: string, signature: Uint8Array) => VerifiedSignature | SignatureFault

/**
 * The verifier of one key.
 * @throws RangeError for a key that parseVerifierKey would not have given
 */
export function createNoteVerifier(key: VerifierKey): NoteVerifier {
  const publicKey = publicKeyFromRaw(key.publicKey)
  if (publicKey === undefined) throw new RangeError(`the key of ${key.name} is not ${key.type}`)
  const { type, name, keyId } = key
  switch (type) {
    case 'ed25519':
      return (noteText, signature) => {
        const fault = checkEd25519(noteText, signature, publicKey)
        return fault === undefined ? { type, key } : { ...fault, name, keyId }
      }
    case 'cosignature/v1':
      return (noteText, signature) => {
        const verified = verifyCosignature(noteText, signature, publicKey)
        return 'code' in verified ? { ...verified, name, keyId } : { type, key, time: verified.time }
      }
  }
}

function checkEd25519(noteText: string, signature: Uint8Array, publicKey: KeyObject): Ed25519Fault | undefined {
  if (signature.length !== SIGNATURE_BYTES) {
    return { code: 'signature-length', expected: SIGNATURE_BYTES, got: signature.length }
  }
  return verifyEd25519(publicKey, utf8(noteText), signature) ? undefined : { code: 'signature-mismatch' }
}
