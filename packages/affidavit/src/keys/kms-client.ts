// AWS KMS, as far as the wrapper needs it. The package @aws-sdk/client-kms is optional and loaded only here; the client of an
// application's own making serves as well.

import { keyUnavailable } from './wrapper-errors.ts'

/** What KMS tells about a key; `KeyState` is a word of its API. */
export interface KmsKey {
  readonly Arn?: string | undefined
  readonly KeyState?: string | undefined
  readonly CreationDate?: Date | undefined
  readonly DeletionDate?: Date | undefined
}

/** The calls that are made. `new KMS({ … })` of @aws-sdk/client-kms is one of these. */
export interface KmsClient {
  createKey(input: {
    readonly KeySpec: 'SYMMETRIC_DEFAULT'
    readonly KeyUsage: 'ENCRYPT_DECRYPT'
    readonly Description: string
    readonly Tags: { TagKey: string; TagValue: string }[]
  }): Promise<{ readonly KeyMetadata?: KmsKey | undefined }>
  createAlias(input: { readonly AliasName: string; readonly TargetKeyId: string }): Promise<unknown>
  describeKey(input: { readonly KeyId: string }): Promise<{ readonly KeyMetadata?: KmsKey | undefined }>
  listAliases(input: { readonly Limit: number; readonly Marker?: string }): Promise<{
    readonly Aliases?: readonly KmsAlias[] | undefined
    readonly NextMarker?: string | undefined
  }>
  listResourceTags(input: { readonly KeyId: string }): Promise<{
    readonly Tags?:
      | readonly { readonly TagKey?: string | undefined; readonly TagValue?: string | undefined }[]
      | undefined
  }>
  encrypt(input: {
    readonly KeyId: string
    readonly Plaintext: Uint8Array
    readonly EncryptionContext: Record<string, string>
  }): Promise<{ readonly CiphertextBlob?: Uint8Array | undefined }>
  decrypt(input: {
    readonly KeyId: string
    readonly CiphertextBlob: Uint8Array
    readonly EncryptionContext: Record<string, string>
  }): Promise<{ readonly Plaintext?: Uint8Array | undefined }>
  scheduleKeyDeletion(input: {
    readonly KeyId: string
    readonly PendingWindowInDays: number
  }): Promise<{ readonly DeletionDate?: Date | undefined }>
  destroy(): void
}

export interface KmsAlias {
  readonly AliasName?: string | undefined
  readonly AliasArn?: string | undefined
  readonly TargetKeyId?: string | undefined
}

/**
 * A client that finds region and credentials as every tool of AWS does: environment, shared files, the role of the machine.
 * @throws LedgerError `key-unavailable` where the optional package is missing
 */
export async function defaultKmsClient(): Promise<KmsClient> {
  const { KMS } = await loadSdk()
  return new KMS({})
}

async function loadSdk(): Promise<typeof import('@aws-sdk/client-kms')> {
  try {
    return await import('@aws-sdk/client-kms')
  } catch (cause) {
    throw keyUnavailable(
      'keys in AWS KMS need the package @aws-sdk/client-kms',
      'npm install @aws-sdk/client-kms',
      cause,
    )
  }
}
