// What somebody with every right on a database can say of records that left, and where it is found.

import { utf8 } from '../src/bytes/text.ts'
import type { FindingCode } from '../src/verify/finding.ts'
import { ARCHIVED, type LeftLedger, NEWEST, SEGMENT, STANDS } from './left-ledger.ts'

/** The stored rows of the ledger, whatever they lie in. */
export interface Rows {
  /** Bytes of the entry, or of the stub, that stands at `seq`. */
  entry(seq: number): Promise<Uint8Array>
  nodes(seq: number): Promise<Uint8Array>
  put(seq: number, column: 'entry' | 'nodes', bytes: Uint8Array): Promise<void>
  /** SQL of both stores, over tables without their schema. */
  run(sql: string): Promise<void>
}

export interface Lie {
  readonly name: string
  tell(rows: Rows, ledger: LeftLedger): Promise<void>
  /** One of these is found there. */
  readonly found: FindingCode
  readonly seq?: number
  /** Found in the conversation alone too. */
  readonly conversation?: string
}

const [ONE = 0, TWO = 0] = ARCHIVED
const GONE = 4

function edited(bytes: Uint8Array, change: (members: Record<string, unknown>) => void): Uint8Array {
  const members: Record<string, unknown> = JSON.parse(Buffer.from(bytes).toString())
  change(members)
  const sorted = Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1)))
  return utf8(JSON.stringify(sorted))
}

const editing =
  (seq: number, change: (members: Record<string, unknown>) => void) =>
  async (rows: Rows): Promise<void> =>
    rows.put(seq, 'entry', edited(await rows.entry(seq), change))

/** A stub of what stands at `seq`, as letting go makes it. */
function stubOver(seq: number, state: 'archived' | 'disposed') {
  return (rows: Rows, { manifest }: LeftLedger): Promise<void> =>
    editing(seq, (members) => {
      const kept = state === 'archived' ? [...PLACE, ...SEARCHED_BY] : PLACE
      for (const name of Object.keys(members)) if (!kept.includes(name)) delete members[name]
      members._stub = state === 'archived' ? AWAY : { manifest, state }
    })(rows)
}

const PLACE = ['conversation_id', 'conversation_seq', 'id', 'recorded_at']
const SEARCHED_BY = ['action', 'actor_id', 'draft_commitment', 'parent_id', 'resource_id', 'resource_type', 'timestamp']
const AWAY = { block: 0, segment: SEGMENT, state: 'archived' }

export const LIES: readonly Lie[] = [
  {
    name: 'a stub in place of an entry that nobody archived',
    tell: stubOver(STANDS, 'archived'),
    found: 'archived-unrecorded',
    seq: STANDS,
    conversation: 'c0',
  },
  {
    name: 'another segment',
    tell: editing(ONE, (members) => {
      members._stub = { ...AWAY, block: 1, segment: 'ef'.repeat(16) }
    }),
    found: 'archived-unrecorded',
    seq: ONE,
    conversation: 'c1',
  },
  {
    name: 'another block',
    tell: editing(ONE, (members) => {
      members._stub = { ...AWAY, block: 7 }
    }),
    found: 'archived-altered',
    seq: ONE,
  },
  ...['actor_id', 'action', 'resource_id', 'resource_type'].map(
    (member): Lie => ({
      name: `another ${member}`,
      tell: editing(ONE, (members) => {
        members[member] = 'another'
      }),
      found: 'stub-altered',
      seq: ONE,
      conversation: 'c1',
    }),
  ),
  {
    name: 'another time',
    tell: editing(ONE, (members) => {
      members.timestamp = '2020-01-01T00:00:00.000Z'
    }),
    found: 'stub-altered',
    seq: ONE,
  },
  {
    name: 'another recorded time',
    tell: editing(ONE, (members) => {
      members.recorded_at = '2020-01-01T00:00:00.000Z'
    }),
    found: 'stub-altered',
    seq: ONE,
  },
  {
    name: 'another draft',
    tell: editing(ONE, (members) => {
      members.draft_commitment = '0'.repeat(64)
    }),
    found: 'stub-altered',
    seq: ONE,
  },
  {
    name: 'a member less',
    tell: editing(ONE, (members) => {
      delete members.resource_id
    }),
    found: 'stub-altered',
    seq: ONE,
  },
  {
    name: 'a member more',
    tell: editing(ONE, (members) => {
      members.seq = ONE
    }),
    found: 'stub-altered',
    seq: ONE,
  },
  {
    name: 'what is no stub',
    tell: (rows) => rows.put(ONE, 'entry', utf8('{"_stub":{}}')),
    found: 'stub-altered',
    seq: ONE,
  },
  {
    name: 'another spelling',
    tell: async (rows) => rows.put(ONE, 'entry', Buffer.concat([await rows.entry(ONE), utf8(' ')])),
    found: 'stub-altered',
    seq: ONE,
  },
  {
    name: 'another place in its conversation',
    tell: editing(GONE, (members) => {
      members.conversation_seq = 7
    }),
    found: 'conversation-broken',
    seq: GONE,
    conversation: 'c0',
  },
  {
    name: 'another conversation',
    tell: editing(GONE, (members) => {
      members.conversation_id = 'c7'
      members.conversation_seq = 0
    }),
    found: 'conversation-broken',
    conversation: 'c0',
  },
  {
    name: 'a destroyed entry that was recorded before the one before it',
    tell: editing(GONE, (members) => {
      members.recorded_at = '2020-01-01T00:00:00.000Z'
    }),
    found: 'time-reversed',
    seq: GONE,
  },
  {
    name: 'a destroyed entry with another id',
    tell: editing(GONE, (members) => {
      members.id = '019aa5c1-2f00-7abc-8def-0123456789ab'
    }),
    found: 'stub-altered',
    seq: GONE,
    conversation: 'c0',
  },
  {
    name: 'a destroyed entry with another time',
    tell: editing(GONE, (members) => {
      members.recorded_at = String(members.recorded_at).replace(/\d{3}Z$/, '001Z')
    }),
    found: 'stub-altered',
    seq: GONE,
    conversation: 'c0',
  },
  {
    name: 'a live entry gone under the manifest',
    tell: stubOver(STANDS, 'disposed'),
    found: 'disposal-unauthorised',
    seq: STANDS,
    conversation: 'c0',
  },
  {
    name: 'an archived entry gone under the manifest',
    tell: stubOver(TWO, 'disposed'),
    found: 'disposal-unauthorised',
    seq: TWO,
    conversation: 'c0',
  },
  {
    name: 'a destroyed entry under another manifest',
    tell: editing(GONE, (members) => {
      members._stub = { manifest: '0'.repeat(64), state: 'disposed' }
    }),
    found: 'disposal-unauthorised',
    seq: GONE,
    conversation: 'c0',
  },
  { name: 'entry 0 gone', tell: stubOver(0, 'disposed'), found: 'stub-altered', seq: 0 },
  { name: 'a record that stays, archived', tell: stubOver(7, 'archived'), found: 'stub-altered', seq: 7 },
  {
    name: 'the newest entry gone',
    tell: stubOver(NEWEST, 'disposed'),
    found: 'stub-altered',
    seq: NEWEST,
    conversation: 'c0',
  },
  {
    name: 'an entry put back with other bytes',
    tell: (rows, { entries }) =>
      rows.put(
        ONE,
        'entry',
        edited(entries[ONE]?.entry ?? new Uint8Array(), (members) => {
          members.actor_id = 'another'
        }),
      ),
    found: 'entry-altered',
    seq: ONE,
    conversation: 'c1',
  },
  {
    name: 'another entry put in its place',
    tell: (rows, { entries }) => rows.put(ONE, 'entry', entries[TWO]?.entry ?? new Uint8Array()),
    found: 'wrong-seq',
    seq: ONE,
  },
  {
    name: 'another leaf with an archived entry',
    tell: async (rows) => rows.put(ONE, 'nodes', await otherLeaf(rows, ONE)),
    found: 'archived-altered',
    seq: ONE,
  },
  {
    name: 'another leaf with a destroyed entry',
    tell: async (rows) => rows.put(GONE, 'nodes', await otherLeaf(rows, GONE)),
    found: 'root-mismatch',
  },
  {
    name: 'no leaf with a destroyed entry',
    tell: (rows) => rows.put(GONE, 'nodes', new Uint8Array()),
    found: 'stub-altered',
    seq: GONE,
  },
  {
    name: 'another node with a destroyed entry',
    tell: async (rows) =>
      rows.put(5, 'nodes', Buffer.concat([(await rows.nodes(5)).subarray(0, 32), Buffer.alloc(32)])),
    found: 'node-altered',
    seq: 5,
  },
  {
    name: 'a subject listed for a destroyed entry',
    tell: (rows) => rows.run(`UPDATE entry_subjects SET seq = ${GONE} WHERE seq = ${STANDS}`),
    found: 'subjects-altered',
    seq: GONE,
  },
  {
    name: 'a payload listed for a destroyed entry',
    tell: (rows) => rows.run(`UPDATE payload_uses SET seq = ${GONE} WHERE seq = ${STANDS}`),
    found: 'payload-uses-altered',
    seq: GONE,
  },
  {
    name: 'no subject listed for an archived entry',
    tell: (rows) => rows.run(`DELETE FROM entry_subjects WHERE seq = ${ONE}`),
    found: 'subjects-altered',
    seq: ONE,
  },
  {
    name: 'no payload listed for an archived entry',
    tell: (rows) => rows.run(`DELETE FROM payload_uses WHERE seq = ${TWO}`),
    found: 'payload-uses-altered',
    seq: TWO,
  },
  {
    name: 'content gone under an entry that stands',
    tell: (rows) =>
      rows.run(
        `UPDATE payloads SET sealed = '' WHERE blob_id IN (SELECT blob_id FROM payload_uses WHERE seq = ${STANDS})`,
      ),
    found: 'payload-missing',
    seq: STANDS,
  },
  {
    name: 'the content key of an archived entry gone',
    tell: (rows) =>
      rows.run(
        `UPDATE payloads SET content_key = '' WHERE blob_id IN (SELECT blob_id FROM payload_uses WHERE seq = ${TWO})`,
      ),
    found: 'content-key-altered',
    seq: TWO,
  },
]

async function otherLeaf(rows: Rows, seq: number): Promise<Uint8Array> {
  const nodes = Buffer.from(await rows.nodes(seq))
  nodes[0] = (nodes[0] ?? 0) ^ 1
  return nodes
}
