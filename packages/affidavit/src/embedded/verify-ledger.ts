// Verifying the ledger at a place: whole, one conversation, or what came behind a trusted checkpoint; in a file, or in a database.

import { LedgerError } from '../errors/ledger-error.ts'
import type { PgPool } from '../stores/postgres/database.ts'
import { openPool } from '../stores/postgres/pool.ts'
import { contentProblem } from '../stores/postgres/snapshot.ts'
import type { LedgerUrl } from '../stores/postgres/url.ts'
import { verifyPostgres, verifyPostgresConversation, verifyPostgresRange } from '../stores/postgres/verify.ts'
import { verifySqlite } from '../stores/sqlite/verify.ts'
import { verifySqliteConversation } from '../stores/sqlite/verify-conversation.ts'
import { verifySqliteRange } from '../stores/sqlite/verify-range.ts'
import type { Anchor } from '../verify/anchors.ts'
import type { Report } from '../verify/report.ts'
import type { ContentOptions } from '../verify/stored/contents.ts'
import type { Wanted } from '../verify/stored/extent.ts'
import type { LeftOptions } from '../verify/stored/leave-records.ts'
import { localAnchor } from './anchors.ts'
import { archiveToVerify, archiveWithoutKeys } from './archive-to-verify.ts'
import { contentOpener } from './check-content.ts'
import { databaseFile } from './folder.ts'
import { type Place, shownPlace } from './place.ts'
import { openKeyringToRead } from './read-keyring.ts'
import { storeOf } from './store.ts'

/** How much of a ledger is to be verified. */
export type Part =
  | {
      readonly kind: 'whole'
      /** Threads, or connections, that read and hash; as many as there can be where left out. */
      readonly threads?: number
      readonly indexes: 'skipped' | 'compared'
      readonly onProgress?: (checked: number, total: number) => void
    }
  | { readonly kind: 'conversation'; readonly conversation_id: string }
  /** What came behind a checkpoint: its signed note. */
  | { readonly kind: 'since'; readonly note: string }

/** What of a ledger is to be verified, and against what. */
export interface ToVerify extends Wanted, Pick<LeftOptions, 'approvers'> {
  readonly part: Part
  /** The checkpoint log of its home, where it was read already. */
  readonly local?: Anchor
  /** Instead of the archive that the settings name. */
  readonly archive?: string
  /** What is looked at of sealed content: that it is there, every byte of it, or also what it opens to. */
  readonly content: 'listed' | 'read' | 'opened'
  /** Whether the keyring opens what is archived. */
  readonly keys: 'used' | 'unused'
}

interface Common extends Wanted, ContentOptions, LeftOptions {}

/** @throws LedgerError as verifySqlite and verifyPostgres do, and `invalid-query` */
export async function verifyLedger(place: Place, wanted: ToVerify): Promise<Report> {
  const { trust, anchors, origin, local, approvers, keys } = wanted
  const { close, anchors: archived, ...archive } = archiveToVerify(place.home, wanted.archive)
  const common: Common = {
    trust,
    anchors: [local ?? (await localAnchor(place.home)), ...anchors, ...(await archived())],
    ...(keys === 'unused' ? { archiveOf: archiveWithoutKeys } : archive),
    ...(origin === undefined ? {} : { origin }),
    ...contentOf(place.home, wanted),
    ...(approvers === undefined ? {} : { approvers }),
  }
  try {
    if (place.database === undefined) return await verifyFile(databaseFile(place.home), common, wanted.part)
    return await verifyDatabase(place.database, shownPlace(place), common, wanted.part)
  } finally {
    await close()
  }
}

function contentOf(home: string, { content }: ToVerify): ContentOptions {
  if (content === 'listed') return {}
  if (content === 'read') return { payloadBytes: 'read' }
  return { openContent: contentOpener((ledger) => openKeyringToRead(home, ledger)) }
}

function verifyFile(file: string, common: Common, part: Part): Promise<Report> {
  if (part.kind === 'conversation')
    return verifySqliteConversation(file, { ...common, conversation_id: part.conversation_id })
  if (part.kind === 'since') return verifySqliteRange(file, { ...common, since: part.note })
  const { kind: _, ...whole } = part
  return verifySqlite(file, { ...common, ...whole })
}

async function verifyDatabase(url: LedgerUrl, where: string, common: Common, part: Part): Promise<Report> {
  const pool = await openPool(url, 'long')
  try {
    const options = { ...common, ...(await originOf(url, pool, common)) }
    const database = { pool, where }
    if (part.kind === 'conversation') {
      return await verifyPostgresConversation(database, { ...options, conversation_id: part.conversation_id })
    }
    if (part.kind === 'since') return await verifyPostgresRange(database, { ...options, since: part.note })
    const { kind: _, threads, ...whole } = part
    const connections = threads === undefined ? {} : { connections: threads }
    return await verifyPostgres(database, { ...options, ...whole, ...connections })
  } finally {
    await pool.end()
  }
}

// Ledgers of other NAMEs lie in the same database: the newest of this one is meant. Where somebody has changed the database so that
// it cannot be told, the report says what is wrong with it.
async function originOf(url: LedgerUrl, pool: PgPool, { origin }: Common): Promise<{ readonly origin?: string }> {
  if (origin !== undefined) return { origin }
  try {
    const newest = (await storeOf(url, pool).ledgers()).at(-1)
    return newest === undefined ? {} : { origin: newest }
  } catch (error) {
    if (error instanceof LedgerError && contentProblem(error.cause) !== undefined) return {}
    throw error
  }
}
