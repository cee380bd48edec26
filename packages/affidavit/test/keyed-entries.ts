// Entries with sealed content in a real ledger whose folder has a real keyring, for tests of what opens.

import { join } from 'node:path'
import { systemClock } from '../src/clock/clock.ts'
import { createRandomSource } from '../src/crypto/random.ts'
import { databaseFile } from '../src/embedded/folder.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { nameOf } from '../src/embedded/origin.ts'
import { type Draft, RESERVED_ACTIONS } from '../src/formats/fields.ts'
import { fileWrapper } from '../src/keys/file-wrapper.ts'
import { sqliteKeyringStore } from '../src/stores/sqlite/keyring.ts'
import { sqliteStore } from '../src/stores/sqlite/store.ts'
import { plainAdmission } from '../src/testing/plain-admission.ts'
import type { ScopeKeys } from '../src/vault/content-key.ts'
import { type Keyring, openKeyring } from '../src/vault/keyring.ts'
import { type Sealed, type Sealing, seal, withContent } from './sealed-entries.ts'

export interface KeyedEntry {
  readonly draft?: Partial<Draft>
  readonly contents?: readonly Sealed[]
}

/** A ledger that is written to without its writer, so that what is recorded can be wrong. */
export interface KeyedLedger {
  readonly folder: string
  readonly origin: string
  readonly verifierKey: string
  readonly keyring: Keyring
  /** The keys of what is about these subjects; of the ledger where there are none. */
  scopeKeys(subjects: readonly string[]): Promise<ScopeKeys>
  /** Seals a body under the keys of its subjects. */
  seal(name: string, body: string | Uint8Array, how?: Sealing): Promise<Sealed>
  /** Keeps what has to be kept before, and commits. */
  commit(entries: readonly KeyedEntry[]): Promise<void>
  /** Publishes a checkpoint. */
  publish(): Promise<void>
}

export async function makeKeyedLedger(folder: string, name = 'keyed.example/log'): Promise<KeyedLedger> {
  const { origin, verifierKey } = await initLedger(folder, { origin: name })
  const keyring = await openTestKeyring(folder, origin)
  let made = 0

  async function scopeKeys(subjects: readonly string[]): Promise<ScopeKeys> {
    const scope = { retention_class: 'default', month: '2026-11' }
    const scopes =
      subjects.length === 0
        ? [{ owner_kind: 'ledger', owner: '', ...scope } as const]
        : subjects.map((owner) => ({ owner_kind: 'subject', owner, ...scope }) as const)
    return new Map((await keyring.scopeKeys(scopes)).map(({ id, key }) => [id, key]))
  }

  return {
    folder,
    origin,
    verifierKey,
    keyring,
    scopeKeys,
    async seal(called, body, how = {}) {
      made++
      const keys = how.scopeKeys ?? (await scopeKeys(how.subject_ids ?? []))
      return seal(origin, called, Buffer.from(body), made, { ...how, scopeKeys: keys })
    },
    commit: (entries) => commitTo(folder, origin, entries),
    async publish() {
      await (await openFolder(folder)).close()
    },
  }
}

/** Commits entries to the ledger in a folder, as they are. */
export async function commitTo(folder: string, origin: string, entries: readonly KeyedEntry[]): Promise<void> {
  const { admit, admitOwn } = plainAdmission({ ledger: origin, clock: systemClock })
  const store = sqliteStore(databaseFile(folder), 'open')
  try {
    for (const { payload, more } of entries.flatMap(({ contents = [] }) => contents)) {
      if (more.length === 0) continue
      await store.keepPayload(origin, payload)
      for (let at = 0; at < more.length; at += 50)
        await store.keepChunks(origin, payload.blob_id, 1 + at, more.slice(at, at + 50))
    }
    const drafts = entries.map(({ draft, contents = [] }) => {
      const given = { action: 'tool_completed', actor_id: 'agent-1', actor_type: 'agent', ...draft } as const
      // Only the ledger records erasures and dispositions: here the test is the ledger.
      const admitted = RESERVED_ACTIONS.has(given.action) ? admitOwn(given) : admit(given)
      return contents.length === 0 ? admitted : withContent(admitted, contents)
    })
    await store.commit({ ledger: origin, drafts, at: systemClock.now(), patienceMillis: 1_000 })
  } finally {
    await store.close()
  }
}

/** The keyring where the folder of a ledger has it; begun where it is not there. */
export function openTestKeyring(folder: string, origin: string): Promise<Keyring> {
  const name = nameOf(origin)
  return openKeyring({
    store: sqliteKeyringStore(join(folder, 'keyring.db'), 'create'),
    wrapper: fileWrapper({ folder: join(folder, 'keys', 'kek'), ledger: name }),
    name,
    random: createRandomSource(),
  })
}

/** What the tests of this ledger speak of: two patients, and where their content stands. */
export interface ClinicLedger extends KeyedLedger {
  readonly ada: string
  readonly ben: string
  readonly contents: Readonly<Record<'question' | 'answer' | 'scan' | 'note' | 'letter', Sealed>>
}

/**
 * seq 1: question and answer about Ada; seq 2: a scan of several chunks about both; seq 3: the question once more; these in the
 * conversation c-1. seq 4: a note about nobody; seq 5: a letter about Ben, in c-2; seq 6: no content.
 */
export async function makeClinic(folder: string): Promise<ClinicLedger> {
  const ledger = await makeKeyedLedger(folder)
  const [ada = '', ben = ''] = await ledger.keyring.tokens(['PT-1', 'PT-2'])
  const [one, two] = [{ conversation_id: 'c-1' }, { conversation_id: 'c-2' }]
  const aboutAda = { subject_ids: [ada], conversation: 'c-1' }
  const scanned = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31) % 251)
  const contents = {
    question: await ledger.seal('question', 'Is the result back?', aboutAda),
    answer: await ledger.seal('answer', 'It is.', aboutAda),
    scan: await ledger.seal('scan', scanned, { subject_ids: [ada, ben], conversation: 'c-1' }),
    note: await ledger.seal('note', 'The printer is out of paper.'),
    letter: await ledger.seal('letter', 'Dear Ben', { subject_ids: [ben], conversation: 'c-2' }),
  }
  const { question, answer, scan, note, letter } = contents
  await ledger.commit([
    { draft: one, contents: [question, answer] },
    { draft: one, contents: [scan] },
    { draft: one, contents: [question] },
    { contents: [note] },
    { draft: two, contents: [letter] },
    {},
  ])
  return { ...ledger, ada, ben, contents }
}
