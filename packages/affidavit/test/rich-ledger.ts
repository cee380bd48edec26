// A small ledger that has seen much: conversations, subjects, producers, two rotations of keys, heartbeats, an id
// conflict, and a second incarnation after a restore. Tests attack copies of it.

import { join } from 'node:path'

import { toHex } from '../src/bytes/hex.ts'
import { utf8 } from '../src/bytes/text.ts'
import { uuidV8 } from '../src/bytes/uuid.ts'
import { sha256 } from '../src/crypto/sha256.ts'
import { databaseFile, keysFolder, readAnchor } from '../src/embedded/folder.ts'
import { continueAfterRestore, initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import type { Draft } from '../src/formats/fields.ts'
import { parseVerifierKey, type VerifierKey } from '../src/formats/verifier-key.ts'
import { fileKeys } from '../src/keys/file.ts'
import { checkpointFile } from '../src/ledger/checkpoint-file.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { type Publishing, publishHeartbeat } from '../src/ledger/publish.ts'
import { sqliteStore } from '../src/stores/sqlite/store.ts'
import { type FixedClock, fixedClock } from '../src/testing/fixed-clock.ts'
import type { Trust } from '../src/verify/trust.ts'

export interface RichLedger {
  readonly folder: string
  /** The incarnations, oldest first. */
  readonly origins: readonly [string, string]
  /** The first key of each incarnation: what an auditor was given at the beginning. */
  readonly firstKeys: readonly [VerifierKey, VerifierKey]
}

const DIGESTS = Array.from({ length: 100 }, (_, i) => toHex(sha256(utf8(`digest ${i}`))))
const QUIET = { intervalMillis: 3_600_000, afterEntries: 1_000_000, heartbeatMillis: 3_600_000_000 }

/** Makes the ledger in `folder`, which must not be there. */
export async function makeRichLedger(folder: string): Promise<RichLedger> {
  const clock = fixedClock()
  const old = await initLedger(folder, { origin: 'clinic.example/agents' })
  await live(folder, clock, 'old')
  clock.pass(86_400_000)
  const restored = await continueAfterRestore(folder)
  await live(folder, clock, 'new')
  return {
    folder,
    origins: [old.origin, restored.origin],
    firstKeys: [keyOf(old.verifierKey), keyOf(restored.verifierKey)],
  }
}

/** A ledger of a few entries, two checkpoints and a heartbeat; it stands for both incarnations. */
export async function makeSmallLedger(folder: string): Promise<RichLedger> {
  const clock = fixedClock()
  const { origin, verifierKey } = await initLedger(folder, { origin: 'small.example/log' })
  const ledger = await openFolder(folder, { clock, publish: QUIET })
  try {
    for (const seq of [0, 1, 2, 3]) {
      clock.pass(1_000)
      await ledger.append({
        action: 'data_accessed',
        actor_id: 'agent-1',
        actor_type: 'agent',
        conversation_id: `visit-${seq % 2}`,
        subject_ids: ['subject-1', `subject-${seq}x`],
        resource_type: 'patient_record',
        resource_id: 'r-1',
        ...(seq === 3 ? { details: { digests: DIGESTS } } : {}),
      })
    }
  } finally {
    await ledger.close()
  }
  await beat(folder, clock)
  return { folder, origins: [origin, origin], firstKeys: [keyOf(verifierKey), keyOf(verifierKey)] }
}

export function pinned({ firstKeys }: RichLedger, incarnation: 0 | 1): Trust & { readonly kind: 'pinned' } {
  return { kind: 'pinned', keys: [firstKeys[incarnation]] }
}

async function live(folder: string, clock: FixedClock, name: string): Promise<void> {
  const ledger = await openFolder(folder, { clock, publish: QUIET })
  try {
    await converse(ledger, clock, name)
  } finally {
    await ledger.close()
  }
  await beat(folder, clock)
}

async function converse(ledger: Ledger, clock: FixedClock, name: string): Promise<void> {
  const say = async (draft: Partial<Draft>): Promise<void> => {
    clock.pass(1_500)
    await ledger.append({ action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent', ...draft })
  }
  await say({
    action: 'conversation_started',
    conversation_id: `${name}-visit`,
    producer_id: `${name}-p1`,
    producer_seq: 0,
  })
  await say({
    action: 'user_message_received',
    actor_id: 'dr-lee',
    actor_type: 'user',
    conversation_id: `${name}-visit`,
    subject_ids: ['subject-2', 'subject-1'],
  })
  await say({
    action: 'conversation_started',
    conversation_id: `${name}-bill`,
    details: { tokens: 12, tools: ['a', 'b'] },
  })
  await ledger.publish()
  await say({
    action: 'data_accessed',
    conversation_id: `${name}-visit`,
    resource_type: 'patient_record',
    resource_id: 'r-1',
    subject_ids: ['subject-1'],
    producer_id: `${name}-p1`,
    producer_seq: 1,
    purpose: 'treatment',
    outcome: 'success',
  })
  await say({
    action: 'data_accessed',
    conversation_id: `${name}-bill`,
    resource_type: 'financial_data',
    resource_id: 'f-1',
    subject_ids: ['subject-3'],
    outcome: 'denied',
    outcome_reason: 'no grant',
    source: { ip: '10.0.0.1', host: 'h1' },
  })
  await conflict(ledger, clock, name)
  await ledger.rotateKey()
  await say({
    action: 'agent_response_generated',
    conversation_id: `${name}-visit`,
    model: 'm-1',
    prompt_version: 'v1',
    agent_name: 'clinic',
    agent_version: '1.0',
    compliance_domains: ['hipaa', 'gdpr'],
    data_classification: 'confidential',
    retention_class: 'clinical',
    on_behalf_of: 'dr-lee',
  })
  await ledger.publish()
  // Too long for one page of the database.
  await say({ action: 'conversation_ended', conversation_id: `${name}-visit`, details: { summary_digests: DIGESTS } })
  await ledger.rotateKey()
  await say({
    action: 'tool_completed',
    conversation_id: `${name}-bill`,
    grant_id: 'g-1',
    producer_id: `${name}-p1`,
    producer_seq: 2,
  })
  await ledger.publish()
  await say({ action: 'conversation_ended', conversation_id: `${name}-bill` })
  await ledger.publish()
}

async function conflict(ledger: Ledger, clock: FixedClock, name: string): Promise<void> {
  const id = uuidV8(sha256(utf8(`the same id ${name}`)))
  clock.pass(10)
  await ledger.append({ id, action: 'model_invoked', actor_id: 'agent-1', actor_type: 'agent' })
  await ledger.append({ id, action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent' }).catch(() => undefined)
}

// Two heartbeats on the newest checkpoint, and one on an older one.
async function beat(folder: string, clock: FixedClock): Promise<void> {
  const store = sqliteStore(databaseFile(folder), 'open')
  try {
    const origin = (await store.ledgers()).at(-1) ?? ''
    const outside = checkpointFile(readAnchor(folder).folder)
    const publishing: Publishing = { store, ledger: origin, keys: fileKeys(keysFolder(folder), origin), outside }
    const [first] = await store.checkpoints(origin, 1, 1)
    const newest = await store.latestCheckpoint(origin, Number.MAX_SAFE_INTEGER)
    for (const checkpoint of [first, newest, newest]) {
      clock.pass(60_000)
      if (checkpoint !== undefined) await publishHeartbeat(publishing, checkpoint, clock.now())
    }
  } finally {
    await store.close()
  }
}

function keyOf(text: string): VerifierKey {
  const key = parseVerifierKey(text)
  if ('code' in key) throw new Error(`no verifier key: ${key.code}`)
  return key
}

export function logOf(folder: string): string {
  return join(readAnchor(folder).folder, 'checkpoints.log')
}
