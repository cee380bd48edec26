// The keys of scopes as paper has them: under the ids that were handed in. They come from the keyring; what is made with
// them, paper makes itself.

import { createHmac, hkdfSync } from 'node:crypto'

import { openFolderKeyring } from '../../src/embedded/keyring.ts'
import type { Keyring } from '../../src/vault/keyring.ts'
import type { Scope } from '../../src/vault/keyring-rows.ts'

/** Id and key of each scope, by its name on paper. */
export type PaperKeys = Map<string, { readonly id: string; readonly key: Buffer }>

interface Scoped {
  readonly subject_ids?: unknown
  readonly conversation_id?: unknown
  readonly retention_class?: unknown
  readonly timestamp: string
}

function scopesOf({ subject_ids, conversation_id, retention_class, timestamp }: Scoped): Scope[] {
  const kept = { retention_class: String(retention_class ?? 'default'), month: timestamp.slice(0, 7) }
  if (Array.isArray(subject_ids) && subject_ids.length > 0) {
    return subject_ids.map((owner) => ({ owner_kind: 'subject', owner: String(owner), ...kept }))
  }
  if (conversation_id !== undefined) {
    return [{ owner_kind: 'conversation', owner: String(conversation_id), ...kept }]
  }
  return [{ owner_kind: 'ledger', owner: '', ...kept }]
}

const nameOf = (scope: Scope): string => JSON.stringify(scope, ['owner_kind', 'owner', 'retention_class', 'month'])

/** Looks up the keys of these drafts' scopes. */
export async function learnKeys(keys: PaperKeys, keyring: Keyring, drafts: readonly Scoped[]): Promise<void> {
  for (const scope of drafts.flatMap(scopesOf)) {
    if (keys.has(nameOf(scope))) continue
    const owner = scope.owner_kind === 'subject' ? ((await keyring.tokenOf(scope.owner)) ?? scope.owner) : scope.owner
    const [found] = await keyring.knownScopeKeys([{ ...scope, owner }])
    if (found !== undefined) keys.set(nameOf(scope), { id: found.id, key: Buffer.from(found.key.export()) })
  }
}

/** HMAC-SHA-256 under the key that the scopes of a draft lead to. */
export function commitmentUnder(keys: PaperKeys, origin: string, draft: Scoped, message: string): string {
  const found = scopesOf(draft).map((scope) => keys.get(nameOf(scope)) ?? fail(nameOf(scope)))
  const joined = Buffer.concat(found.sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ key }) => key))
  const key = hkdfSync('sha256', joined, '', `affidavit draft key v1\n${origin}`, 32)
  return createHmac('sha256', Buffer.from(key)).update(message).digest('hex')
}

function fail(name: string): never {
  throw new Error(`the keyring has no key of ${name}`)
}

/** A keyring that is opened when it is asked for. */
export function lazyKeyring(folder: string, origin: string): { get(): Promise<Keyring>; close(): Promise<void> } {
  let opened: Promise<Keyring> | undefined
  return {
    get() {
      opened ??= openFolderKeyring(folder, origin, 'open')
      return opened
    },
    async close() {
      const open = opened
      opened = undefined
      await (await open)?.close()
    },
  }
}
