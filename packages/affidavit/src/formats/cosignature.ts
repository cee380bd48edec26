// Cosignatures with a time, Ed25519 (c2sp.org/tlog-cosignature v1.0.1 "cosignature/v1"; spec/checkpoint.md §4): what a
// witness says of somebody's checkpoint, and what a ledger's heartbeat key says of its own.

import type { KeyObject } from 'node:crypto'

import { concatBytes } from '../bytes/compare.ts'
import { utf8 } from '../bytes/text.ts'
import { signEd25519, verifyEd25519 } from '../crypto/ed25519.ts'
import { checkNoteText, type NoteSignature } from './note.ts'
import type { SignerKey } from './signer-key.ts'
import type { VerifierKey } from './verifier-key.ts'

const TIME_BYTES = 8
const SIGNATURE_BYTES = 64
const COSIGNATURE_BYTES = TIME_BYTES + SIGNATURE_BYTES

export type CosignatureFault =
  | { readonly code: 'cosignature-length'; readonly expected: number; readonly got: number }
  | { readonly code: 'cosignature-time' }
  | { readonly code: 'cosignature-mismatch' }

/**
 * The signature line that `key` saw `noteText` as the newest checkpoint at `unixSeconds`.
 * @throws RangeError for a key of another type, a text that is no note text, or a time that is not 1 to 2^53 - 1
 */
export function cosign(noteText: string, key: SignerKey, unixSeconds: number): NoteSignature {
  const signature = signEd25519(key.privateKey, cosignatureMessage(noteText, unixSeconds))
  return cosignatureLine(key.verifierKey, unixSeconds, signature)
}

/**
 * The bytes that a cosigner signs: header, time, and the whole note text.
 * @throws RangeError for a text that is no note text, or a time that is not 1 to 2^53 - 1
 */
export function cosignatureMessage(noteText: string, unixSeconds: number): Uint8Array {
  const fault = checkNoteText(noteText)
  if (fault !== undefined) throw new RangeError(`this is no text of a note: ${fault.code}`)
  checkTime(unixSeconds)
  return message(noteText, unixSeconds)
}

function message(noteText: string, unixSeconds: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${unixSeconds}\n${noteText}`)
}

/**
 * The signature line of a raw Ed25519 signature over `cosignatureMessage`, for keys that sign somewhere else.
 * @throws RangeError for a key of another type, or parts that no line can carry
 */
export function cosignatureLine(key: VerifierKey, unixSeconds: number, signature: Uint8Array): NoteSignature {
  if (key.type !== 'cosignature/v1') throw new RangeError(`a ${key.type} key makes no cosignature/v1 line`)
  if (signature.length !== SIGNATURE_BYTES) {
    throw new RangeError(`an Ed25519 signature has ${SIGNATURE_BYTES} bytes, not ${signature.length}`)
  }
  checkTime(unixSeconds)
  return { name: key.name, keyId: key.keyId, signature: concatBytes(uint64(unixSeconds), signature) }
}

// Zero is read, for others may write it, but not written: it would say nothing about when.
function checkTime(unixSeconds: number): void {
  if (Number.isSafeInteger(unixSeconds) && unixSeconds > 0) return
  throw new RangeError(`a cosignature's time is 1 to 2^53 - 1 whole seconds, not ${unixSeconds}`)
}

function uint64(value: number): Uint8Array {
  const bytes = Buffer.alloc(TIME_BYTES)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

/** Whether `signature`, a line's bytes after the key id, is the cosignature of `noteText` by `publicKey`, and when. */
export function verifyCosignature(
  noteText: string,
  signature: Uint8Array,
  publicKey: KeyObject,
): { readonly time: number } | CosignatureFault {
  if (signature.length !== COSIGNATURE_BYTES) {
    return { code: 'cosignature-length', expected: COSIGNATURE_BYTES, got: signature.length }
  }
  const time = Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0))
  if (!Number.isSafeInteger(time)) return { code: 'cosignature-time' }
  const signed = verifyEd25519(publicKey, message(noteText, time), signature.subarray(TIME_BYTES))
  return signed ? { time } : { code: 'cosignature-mismatch' }
}
