// Key-encryption keys in AWS KMS: each version is a KMS key of its own, made by us, so that it can be destroyed alone
// (spec/keys.md §7).

import { setTimeout as sleep } from 'node:timers/promises'

import { LedgerError } from '../errors/ledger-error.ts'
import type { Destruction, KeyVersion, KeyWrapper } from '../vault/key-wrapper.ts'
import type { KmsAlias, KmsClient, KmsKey } from './kms-client.ts'
import { isKeyArn, kmsName } from './kms-name.ts'
import { expectLedgerName } from './ledger-name.ts'
import { compareVersionNames, isVersionName, nextVersionName } from './version-name.ts'
import { assertContext, assertWrappable } from './wrapped-key.ts'
import { doesNotOpen, keyDestroyed, keyUnavailable } from './wrapper-errors.ts'

/** The shortest that KMS offers. */
const WINDOW_DAYS = 7
const LEDGER_TAG = 'affidavit-ledger'
// KMS refuses longer ones as a fault of the request.
const MAX_CIPHERTEXT_BYTES = 6144

export interface KmsWrapperOptions {
  readonly ledger: string
  /** `await defaultKmsClient()`, or a client of one's own. Closing the wrapper destroys it. */
  readonly client: KmsClient
}

export function kmsWrapper({ ledger, client }: KmsWrapperOptions): KeyWrapper {
  expectLedgerName(ledger)
  const name = kmsName(ledger)
  const prefix = `alias/affidavit/${name}/`
  const contextOf = (context: string) => ({ 'affidavit-ledger': ledger, 'affidavit-context': context })

  return {
    kind: 'aws_kms',
    async create() {
      const existing = await listNames(client, prefix)
      const version = nextVersionName([...existing.keys()])
      const arn = await createKey(client, `Affidavit, ${name}, ${version}`, name)
      await nameKey(client, prefix + version, arn)
      return arn
    },
    versions: () => listVersions(client, prefix),
    async wrap(version, key, context) {
      assertWrappable(key, context)
      expectArn(version)
      const input = { KeyId: version, Plaintext: key, EncryptionContext: contextOf(context) }
      const { CiphertextBlob } = await asked(client, version, () => client.encrypt(input))
      return CiphertextBlob ?? incomplete('Encrypt')
    },
    async unwrap(version, wrapped, context) {
      assertContext(context)
      expectArn(version)
      if (wrapped.length === 0 || wrapped.length > MAX_CIPHERTEXT_BYTES) throw doesNotOpen(version)
      const input = { KeyId: version, CiphertextBlob: wrapped, EncryptionContext: contextOf(context) }
      const { Plaintext } = await asked(client, version, () => client.decrypt(input))
      return Plaintext ?? incomplete('Decrypt')
    },
    async destroy(version) {
      expectArn(version)
      return await destroyKey(client, version, name)
    },
    async close() {
      client.destroy()
    },
  }
}

async function createKey(client: KmsClient, description: string, name: string): Promise<string> {
  const { KeyMetadata } = await asked(client, undefined, () =>
    client.createKey({
      KeySpec: 'SYMMETRIC_DEFAULT',
      KeyUsage: 'ENCRYPT_DECRYPT',
      Description: description,
      Tags: [{ TagKey: LEDGER_TAG, TagValue: name }],
    }),
  )
  return KeyMetadata?.Arn ?? incomplete('CreateKey')
}

async function nameKey(client: KmsClient, alias: string, arn: string): Promise<void> {
  try {
    await onceKnown(() => client.createAlias({ AliasName: alias, TargetKeyId: arn }))
  } catch (cause) {
    // The name is random: it can only be our own, of a try whose answer was lost.
    if (!isNamed(cause, 'AlreadyExistsException')) throw unnamed(arn, cause)
  }
  try {
    await onceKnown(() => client.describeKey({ KeyId: arn }))
  } catch (cause) {
    throw unnamed(arn, cause)
  }
}

// KMS is eventually consistent: a key that was just made may not be known yet where the next question arrives. Later on, that
// would read as destroyed.
async function onceKnown(call: () => Promise<unknown>): Promise<void> {
  for (let wait = 50; ; wait *= 2) {
    try {
      await call()
      return
    } catch (cause) {
      if (!isNamed(cause, 'NotFoundException') || wait > MAX_WAIT_MILLIS) throw cause
      await sleep(wait)
    }
  }
}

const MAX_WAIT_MILLIS = 3200

function unnamed(arn: string, cause: unknown): LedgerError {
  return keyUnavailable(
    `KMS made the key ${arn}, but did not finish it (${nameOf(cause)})`,
    'make another one; schedule the deletion of this one, which nobody uses',
    cause,
  )
}

/** The names of versions, with the ARNs of their keys. */
async function listNames(client: KmsClient, prefix: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for await (const { AliasName = '', AliasArn = '', TargetKeyId } of aliases(client)) {
    const version = AliasName.startsWith(prefix) ? AliasName.slice(prefix.length) : ''
    if (!isVersionName(version) || TargetKeyId === undefined) continue
    found.set(version, `${AliasArn.slice(0, AliasArn.indexOf(':alias/'))}:key/${TargetKeyId}`)
  }
  return found
}

async function* aliases(client: KmsClient): AsyncGenerator<KmsAlias, void, void> {
  let marker: string | undefined
  do {
    const from = marker === undefined ? {} : { Marker: marker }
    const page = await asked(client, undefined, () => client.listAliases({ Limit: 100, ...from }))
    yield* page.Aliases ?? []
    marker = page.NextMarker
  } while (marker !== undefined)
}

async function listVersions(client: KmsClient, prefix: string): Promise<KeyVersion[]> {
  const listed: { name: string; at: number; version: KeyVersion }[] = []
  for (const [name, arn] of await listNames(client, prefix)) {
    const key = await describe(client, arn)
    // It went between the two questions.
    if (key === undefined) continue
    listed.push({ name, at: key.CreationDate?.getTime() ?? 0, version: versionOf(arn, key) })
  }
  return listed.sort((a, b) => a.at - b.at || compareVersionNames(a.name, b.name)).map(({ version }) => version)
}

function versionOf(version: string, key: KmsKey): KeyVersion {
  if (key.KeyState !== 'PendingDeletion') return { version, state: 'usable' }
  return { version, state: 'destroying', ...(key.DeletionDate && { until: key.DeletionDate.toISOString() }) }
}

/** `undefined` where there is no such key: in this region and account, which may be others than its own. */
async function describe(client: KmsClient, arn: string): Promise<KmsKey | undefined> {
  try {
    const { KeyMetadata } = await client.describeKey({ KeyId: arn })
    return KeyMetadata
  } catch (cause) {
    if (isNamed(cause, 'NotFoundException')) return undefined
    throw refusedBy(cause)
  }
}

async function destroyKey(client: KmsClient, arn: string, name: string): Promise<Destruction> {
  const key = await describe(client, arn)
  if (key !== undefined && key.KeyState !== 'PendingDeletion') {
    await expectOurs(client, arn, name)
    await schedule(client, arn)
  }
  // Asked for what stands there now, so that the answer is the same each time.
  const scheduled = key === undefined ? undefined : await describe(client, arn)
  if (scheduled === undefined) {
    await expectPlace(client, arn)
    return 'destroyed'
  }
  const until = scheduled.DeletionDate?.toISOString()
  if (until === undefined) return incomplete('ScheduleKeyDeletion')
  return { state: 'scheduled', until }
}

async function goneOrElsewhere(client: KmsClient, arn: string): Promise<LedgerError> {
  await expectPlace(client, arn)
  return keyDestroyed(arn)
}

// KMS answers "not found" also where it was asked in another region. Only where it is seen to be the place that the ARN names
// does that mean destroyed.
async function expectPlace(client: KmsClient, arn: string): Promise<void> {
  const place = arn.slice(0, arn.indexOf(':key/'))
  for await (const { AliasArn } of aliases(client)) if (AliasArn?.startsWith(`${place}:`)) return
  throw keyUnavailable(
    `KMS has no key ${arn}, and shows nothing else of its region and account`,
    'check that region and credentials are those of the key; if they are, make a new version first',
  )
}

async function schedule(client: KmsClient, arn: string): Promise<void> {
  try {
    await client.scheduleKeyDeletion({ KeyId: arn, PendingWindowInDays: WINDOW_DAYS })
  } catch (cause) {
    // Somebody else was faster; what stands there now is asked next.
    if (!isNamed(cause, 'KMSInvalidStateException')) throw refusedBy(cause)
  }
}

// The account has keys of others, and destroying is for good.
async function expectOurs(client: KmsClient, arn: string, name: string): Promise<void> {
  const { Tags } = await asked(client, undefined, () => client.listResourceTags({ KeyId: arn }))
  if (Tags?.some(({ TagKey, TagValue }) => TagKey === LEDGER_TAG && TagValue === name)) return
  throw new LedgerError('wrong-key', {
    problem: `${arn} is no key of this ledger: its tag ${LEDGER_TAG} does not say so; nothing was destroyed`,
    cure: 'destroy only versions that this wrapper lists',
  })
}

/** Does one call; `version` is given where the call uses that key. */
async function asked<T>(client: KmsClient, version: string | undefined, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    throw version === undefined ? refusedBy(cause) : await refusedWith(client, version, cause)
  }
}

async function refusedWith(client: KmsClient, version: string, cause: unknown): Promise<LedgerError> {
  if (isNamed(cause, 'InvalidCiphertextException', 'IncorrectKeyException')) return doesNotOpen(version, cause)
  if (isNamed(cause, 'NotFoundException')) return await goneOrElsewhere(client, version)
  if (isNamed(cause, 'KMSInvalidStateException')) {
    const state = (await describe(client, version))?.KeyState
    if (state === undefined) return await goneOrElsewhere(client, version)
    if (state === 'PendingDeletion') return keyDestroyed(version)
    return keyUnavailable(`the KMS key ${version} is in the state ${state}`, 'bring it to the state Enabled', cause)
  }
  return refusedBy(cause)
}

function refusedBy(cause: unknown): LedgerError {
  const name = nameOf(cause)
  const cure = CURES.get(name) ?? 'check network, region and credentials, then do it again'
  return keyUnavailable(`AWS KMS did not answer as asked: ${name}`, cure, cause)
}

// The types of the SDK allow it; whatever stands in for KMS and does it cannot be worked with.
function incomplete(operation: string): never {
  throw keyUnavailable(`AWS KMS left out the result of ${operation}`, 'check what answers in the place of KMS')
}

const CURES: ReadonlyMap<string, string> = new Map([
  ['DisabledException', 'enable the key in KMS'],
  ['AccessDeniedException', 'allow it in the policy of the key, or of whoever runs this'],
  ['ThrottlingException', 'do it again later, or have the quota of the account raised'],
  ['CredentialsProviderError', 'give credentials as for every tool of AWS'],
])

function expectArn(version: string): void {
  if (!isKeyArn(version)) throw keyUnavailable('that is no ARN of a KMS key', 'use a version that this wrapper lists')
}

function nameOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : 'no answer'
}

function isNamed(cause: unknown, ...names: readonly string[]): boolean {
  return names.includes(nameOf(cause))
}
