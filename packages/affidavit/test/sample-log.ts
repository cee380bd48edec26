// A log in memory, sequenced by the real code, for tests of verification that need no database.

import { toHex } from '../src/bytes/hex.ts'
import { canonicalJson, ENTRY_JSON } from '../src/bytes/json.ts'
import { utf8 } from '../src/bytes/text.ts'
import type { Draft } from '../src/formats/fields.ts'
import { sequence } from '../src/ledger/sequence.ts'
import { emptyFrontier } from '../src/merkle/growth.ts'
import { fixedClock } from '../src/testing/fixed-clock.ts'
import { plainAdmission } from '../src/testing/plain-admission.ts'
import {
  type BesideCheck,
  type ChunkResult,
  type ChunkTask,
  createChunkVerifier,
  type Row,
  readRow,
} from '../src/verify/chunk.ts'
import type { Lookback } from '../src/verify/entries.ts'

export const SAMPLE_ORIGIN = 'clinic.example/agents/0123456789abcdef'

export interface SampleEntry {
  readonly seq: number
  readonly entry: Uint8Array
  readonly nodes: Uint8Array
}

/** The entries of a log that was given `drafts`, a second apart. */
export function sampleLog(drafts: readonly Partial<Draft>[], origin: string = SAMPLE_ORIGIN): SampleEntry[] {
  const clock = fixedClock()
  const { admitOwn } = plainAdmission({ ledger: origin, clock })
  const prepared = drafts.map((draft) =>
    admitOwn({ action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent', ...draft }),
  )
  const empty = { frontier: emptyFrontier, integrity_hash: '', recorded_at: '' }
  const { entries } = sequence(
    empty,
    prepared,
    { standing: new Map(), conversations: new Map(), fence: 0, bound: 0 },
    clock.now(),
  )
  return entries.map(({ seq, entry, nodes }) => ({ seq, entry: utf8(entry), nodes }))
}

/** An entry as a verifier reads it from a store; as leaf text where it can be. */
export function asRow({ seq, entry, nodes }: SampleEntry): Row {
  const text = Buffer.from(entry).toString('utf8')
  return { seq, entry: /^[\0-\x7f]*$/.test(text) ? `\0${text}` : entry, nodes: toHex(nodes) }
}

/** Verifies a stretch whose rows are all at hand. */
export function verifyChunk(
  task: ChunkTask,
  rows: Iterable<Row>,
  lookback: Lookback,
  checkBeside: BesideCheck,
): ChunkResult {
  const verifier = createChunkVerifier(task, lookback, checkBeside)
  for (const row of rows) verifier.push(readRow(row))
  return verifier.end()
}

/** The members of an entry, whatever they are. */
export function membersOf(bytes: Uint8Array): { readonly [field: string]: unknown } {
  return JSON.parse(Buffer.from(bytes).toString('utf8'))
}

/** The bytes with some fields changed, canonical again; `undefined` removes a field. */
export function rewritten(bytes: Uint8Array, changes: { readonly [field: string]: unknown }): Uint8Array {
  const present = Object.entries({ ...membersOf(bytes), ...changes }).filter(([, value]) => value !== undefined)
  return utf8(canonicalJson(Object.fromEntries(present), ENTRY_JSON))
}
