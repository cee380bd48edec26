// The KeyWrapper seam: where key-encryption keys live (spec/keys.md §1). Four implementations are in keys/; the contract
// suite is testing/contract-key-wrapper.ts.

export const WRAPPED_KEY_BYTES = 32
/** More than every context of ours has, and less than what the strictest key service takes. */
export const MAX_CONTEXT_BYTES = 1024

/** A version of a key-encryption key, as its keeper knows it. */
export type KeyVersion =
  | { readonly version: string; readonly state: 'usable' }
  /** It opens nothing any more, and is not gone yet; `until` where the keeper says when it will be. */
  | { readonly version: string; readonly state: 'destroying'; readonly until?: string }
  | { readonly version: string; readonly state: 'destroyed' }

/** `until` is RFC 3339: before that moment, whoever administers the keeper can still bring the key back. */
export type Destruction = 'destroyed' | { readonly state: 'scheduled'; readonly until: string }

/**
 * Keeps versions of one key-encryption key, and wraps the keys of a keyring under them. Which version is in force is not
 * its to know. A version is named by its keeper and means the same key wherever that keeper is opened again; a name is
 * never given twice. Several processes may use one keeper at the same time.
 *
 * What cannot be reached, read or found rejects with LedgerError `key-unavailable`: nothing is wrong with the wrapped bytes.
 */
export interface KeyWrapper {
  readonly kind: 'file' | 'environment' | 'aws_kms' | 'pkcs11'
  /**
   * A new version. When it resolves, the key outlives a crash and every later opening. Where it fails, or the process
   * dies in it, there may be a version that nobody uses, and nothing worse.
   */
  create(): Promise<string>
  /** Every version there is, in the order of creation. */
  versions(): Promise<readonly KeyVersion[]>
  /**
   * Wraps a key of 32 bytes; other lengths are a fault of the program. The same key wrapped again gives other bytes. The
   * context, of 1 to 1024 bytes of UTF-8, has to be said again for unwrapping. It is no secret: keepers may log it.
   * @throws LedgerError `key-destroyed`
   */
  wrap(version: string, key: Uint8Array, context: string): Promise<Uint8Array>
  /**
   * The key that was wrapped under this version and context.
   * @throws LedgerError `key-destroyed`; `wrong-key` where the bytes were altered, or belong to another version, context or
   * ledger
   */
  unwrap(version: string, wrapped: Uint8Array, context: string): Promise<Uint8Array>
  /**
   * Once it resolves, the version opens nothing any more, here and wherever this keeper is opened. Doing it again gives the
   * same answer, and finishes what a crash interrupted.
   */
  destroy(version: string): Promise<Destruction>
  /** Lets go of connections; closing again does nothing. */
  close(): Promise<void>
}
