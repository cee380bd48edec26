// Exports made by hand: what the exporter writes, and whatever a liar would. The tree comes from the naive one.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { toHex } from '../src/bytes/hex.ts'
import { signEd25519 } from '../src/crypto/ed25519.ts'
import { encodeCheckpointRecord } from '../src/formats/checkpoint-log.ts'
import {
  type ExportCover,
  type ExportQuery,
  formatCover,
  LISTED_FILES,
  parseCover,
  statementText,
} from '../src/formats/export.ts'
import type { Draft } from '../src/formats/fields.ts'
import { formatNote } from '../src/formats/note.ts'
import type { SignerKey } from '../src/formats/signer-key.ts'
import { formatVerifierKey } from '../src/formats/verifier-key.ts'
import { tilePath, tilesOfTree } from '../src/merkle/tile.ts'
import { naiveTree } from './oracle/naive-tree.ts'
import { SAMPLE_ORIGIN, sampleLog } from './sample-log.ts'
import { heartbeatKey, logKey, noteOf, rootOf } from './signing.ts'

export const EXPORTED_AT = '2026-11-21T09:31:00.000Z'

/** A log and the keys that sign for it. */
export interface ForgedLog {
  readonly origin: string
  readonly key: SignerKey
  readonly heartbeat: SignerKey
  /** Bytes of each entry; the first names the keys. */
  readonly entries: readonly Uint8Array[]
}

/** A log of an entry 0 and one entry for each draft. */
export function forgeLog(drafts: readonly Partial<Draft>[], keys: Partial<ForgedLog> = {}): ForgedLog {
  const { origin = SAMPLE_ORIGIN, key = logKey(origin), heartbeat = heartbeatKey(origin) } = keys
  const start: Partial<Draft> = {
    action: 'logging_started',
    actor_id: 'affidavit',
    actor_type: 'system',
    details: {
      start: 'new',
      checkpoint_key: formatVerifierKey(key.verifierKey),
      heartbeat_key: formatVerifierKey(heartbeat.verifierKey),
    },
  }
  const entries = sampleLog([start, ...drafts], origin).map(({ entry }) => entry)
  return { origin, key, heartbeat, entries }
}

/** Drafts of a few conversations, taking turns. */
export function turns(count: number, conversations = 2): Partial<Draft>[] {
  return Array.from({ length: count }, (_, i) => ({
    conversation_id: `conversation-${i % conversations}`,
    producer_id: 'agent-process',
    producer_seq: i,
  }))
}

export interface Forgery {
  readonly query?: ExportQuery
  /** What `entries.jsonl` holds; every entry where left out. */
  readonly lines?: readonly Uint8Array[]
  readonly keyLines?: readonly Uint8Array[]
  /** Checkpoints of `rotations.log`. */
  readonly rotations?: readonly string[]
  /** Who signs checkpoint and statement, where not the key of the log. */
  readonly key?: SignerKey
  readonly checkpoint?: string
  readonly cover?: Partial<ExportCover>
}

/** Writes an export of `log`, honest but for what the forgery says. */
export function forgeExport(folder: string, log: ForgedLog, forgery: Forgery = {}): void {
  const { query = {}, lines = log.entries, key = log.key } = forgery
  const write = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  write('entries.jsonl', linesOf(lines))
  write('keys.jsonl', linesOf(forgery.keyLines ?? log.entries.slice(0, 1)))
  if (forgery.rotations !== undefined) write('rotations.log', forgery.rotations.map(encodeCheckpointRecord).join(''))
  write(
    'checkpoint',
    forgery.checkpoint ?? noteOf(log.origin, log.entries, key === log.key ? [key, log.heartbeat] : [key]),
  )
  write('log.vkey', `${formatVerifierKey(key.verifierKey)}\n`)
  for (const [path, bytes] of tilesOf(log.entries)) write(path, bytes)
  const seqs = lines.map(seqOf)
  const range = lines.length === 0 ? {} : { first_seq: seqs[0] ?? 0, last_seq: seqs.at(-1) ?? 0 }
  const cover: ExportCover = {
    origin: log.origin,
    query,
    as_of_seq: log.entries.length - 1,
    tree_size: log.entries.length,
    root_hash: toHex(rootOf(log.entries)),
    time_zone: 'UTC',
    exported_at: EXPORTED_AT,
    count: lines.length,
    ...range,
    files: {},
  }
  swear(folder, { ...cover, ...forgery.cover }, key)
}

/** Writes cover and statement for the files as they are now. */
export function swear(folder: string, cover: ExportCover, key: SignerKey): void {
  const files = Object.fromEntries(
    LISTED_FILES.filter((name) => existsSync(join(folder, name))).map((name) => [name, listed(join(folder, name))]),
  )
  const bytes = formatCover({ ...cover, files })
  writeFileSync(join(folder, 'export.json'), bytes)
  const text = statementText({ origin: cover.origin, coverSha256: createHash('sha256').update(bytes).digest('hex') })
  writeFileSync(join(folder, 'export.note'), statementNote(text, key))
}

/** A note over any text. */
export function statementNote(text: string, { verifierKey: { name, keyId }, privateKey }: SignerKey): string {
  return formatNote(text, [{ name, keyId, signature: signEd25519(privateKey, Buffer.from(text)) }])
}

/** The cover that stands in the folder. */
export function coverIn(folder: string): ExportCover {
  const cover = parseCover(readFileSync(join(folder, 'export.json')))
  if ('code' in cover) throw new Error(cover.problem)
  return cover
}

function listed(path: string): { bytes: number; sha256: string } {
  const bytes = readFileSync(path)
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

export function linesOf(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(entries.flatMap((entry) => [entry, Buffer.from('\n')]))
}

/** The tiles over `entries`, each hash from the naive tree. */
export function tilesOf(entries: readonly Uint8Array[]): Map<string, Uint8Array> {
  const tree = naiveTree(entries)
  const tiles = new Map<string, Uint8Array>()
  for (const { level, index, width } of tilesOfTree(entries.length)) {
    const below = 256 ** level
    const hashes = Array.from({ length: width }, (_, i) => (index * 256 + i) * below)
    tiles.set(tilePath(level, index, width), Buffer.concat(hashes.map((begin) => tree.root(begin, begin + below))))
  }
  return tiles
}

export function seqOf(entry: Uint8Array): number {
  return Number(JSON.parse(Buffer.from(entry).toString('utf8')).seq)
}
