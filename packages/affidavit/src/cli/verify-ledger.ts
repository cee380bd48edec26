// Verifying the ledger at a place, as the command was asked: whole, one conversation, or what came behind a trusted checkpoint; in a
// file, or in a database.

import { externalAnchor, localAnchor } from '../embedded/anchors.ts'
import { archiveToVerify, archiveWithoutKeys } from '../embedded/archive-to-verify.ts'
import { contentOpener } from '../embedded/check-content.ts'
import { databaseFile } from '../embedded/folder.ts'
import { type Place, shownPlace } from '../embedded/place.ts'
import { openKeyringToRead } from '../embedded/read-keyring.ts'
import { storeOf } from '../embedded/store.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { PgPool } from '../stores/postgres/database.ts'
import { openPool } from '../stores/postgres/pool.ts'
import { contentProblem } from '../stores/postgres/snapshot.ts'
import type { LedgerUrl } from '../stores/postgres/url.ts'
import { verifyPostgres, verifyPostgresConversation, verifyPostgresRange } from '../stores/postgres/verify.ts'
import { verifySqlite } from '../stores/sqlite/verify.ts'
import { verifySqliteConversation } from '../stores/sqlite/verify-conversation.ts'
import { verifySqliteRange } from '../stores/sqlite/verify-range.ts'
import type { Report } from '../verify/report.ts'
import type { ContentOptions } from '../verify/stored/contents.ts'
import type { Wanted } from '../verify/stored/extent.ts'
import type { LeftOptions } from '../verify/stored/leave-records.ts'
import { approversOf } from './approvers.ts'
import { trustOf } from './options.ts'
import { readInput } from './read-input.ts'

/** What of a ledger is to be verified, and against what. */
export interface Asked {
  readonly conversation?: string
  readonly since?: string
  readonly origin?: string
  readonly vkey: readonly string[]
  readonly anchor: readonly string[]
  readonly archive?: string
  readonly approver: readonly string[]
  readonly threads?: number
  readonly skipIndexes?: boolean
  readonly content?: boolean
  readonly withoutKeys?: boolean
}

interface Telling extends Asked {
  onProgress(checked: number, total: number): void
}

interface Common extends Wanted, ContentOptions, LeftOptions {}

/** @throws LedgerError as verifySqlite and verifyPostgres do, and `invalid-query` */
export async function verifyLedger(place: Place, asked: Telling): Promise<Report> {
  const { close, anchors: archived, ...archive } = archiveToVerify(place.home, asked.archive)
  const common: Common = {
    trust: trustOf(asked.vkey),
    anchors: [
      await localAnchor(place.home),
      ...(await Promise.all(asked.anchor.map(externalAnchor))),
      ...(await archived()),
    ],
    ...(asked.withoutKeys === true ? { archiveOf: archiveWithoutKeys } : archive),
    ...(asked.origin === undefined ? {} : { origin: asked.origin }),
    ...contentOf(place.home, asked),
    approvers: approversOf(asked.approver, place.home),
  }
  try {
    if (place.database === undefined) return await verifyFile(databaseFile(place.home), common, asked)
    return await verifyDatabase(place.database, shownPlace(place), common, asked)
  } finally {
    await close()
  }
}

function contentOf(home: string, { content, withoutKeys }: Asked): ContentOptions {
  if (content !== true) return {}
  if (withoutKeys === true) return { payloadBytes: 'read' }
  return { openContent: contentOpener((ledger) => openKeyringToRead(home, ledger)) }
}

function verifyFile(file: string, common: Common, asked: Telling): Promise<Report> {
  const { conversation, since, threads } = asked
  if (conversation !== undefined) return verifySqliteConversation(file, { ...common, conversation_id: conversation })
  if (since !== undefined) return verifySqliteRange(file, { ...common, since: noteIn(since) })
  return verifySqlite(file, { ...common, ...wholeOf(asked), ...(threads === undefined ? {} : { threads }) })
}

async function verifyDatabase(url: LedgerUrl, where: string, common: Common, asked: Telling): Promise<Report> {
  const { conversation, since, threads } = asked
  const pool = await openPool(url, 'long')
  try {
    const options = { ...common, ...(await originOf(url, pool, common)) }
    const database = { pool, where }
    if (conversation !== undefined) {
      return await verifyPostgresConversation(database, { ...options, conversation_id: conversation })
    }
    if (since !== undefined) return await verifyPostgresRange(database, { ...options, since: noteIn(since) })
    const connections = threads === undefined ? {} : { connections: threads }
    return await verifyPostgres(database, { ...options, ...wholeOf(asked), ...connections })
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

function wholeOf({ skipIndexes, onProgress }: Telling): {
  readonly indexes: 'skipped' | 'compared'
  readonly onProgress: Telling['onProgress']
} {
  return { indexes: skipIndexes === true ? 'skipped' : 'compared', onProgress }
}

function noteIn(file: string): string {
  return Buffer.from(readInput('--since', file)).toString('utf8')
}
