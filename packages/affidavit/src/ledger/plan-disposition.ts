// Planning a disposition (spec/disposition.md §3): what is due, and what is not and why. Nothing is recorded, and nothing is destroyed.

import { type AccessPolicy, mayDo } from '../access/policy.ts'
import { uuidV7 } from '../bytes/uuid.ts'
import { type Clock, formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import type { RandomSource } from '../crypto/random.ts'
import { formatManifest, type ListedRecord, manifestDigest, manifestRoom } from '../disposition/manifest.ts'
import { type DispositionPlan, formatPlan, type PolicyCount, type Stay } from '../disposition/plan.ts'
import type { LedgerError } from '../errors/ledger-error.ts'
import type { Copy } from '../papers/copies.ts'
import { archivedObjects } from './archived-objects.ts'
import { isNeeded, type JudgedEntry, type Judging } from './judge-listed.ts'
import { refusedDisposition } from './refused-disposition.ts'
import type { LedgerStore } from './store.ts'

/** What is asked for. */
export interface DispositionRequest {
  /** Whoever plans, by the name that stands in the access policy. */
  readonly person: string
  readonly policy: AccessPolicy
  /** What is due then; now where left out. */
  readonly at?: UnixMillis
  /** Only records to which this retention policy applies. */
  readonly retention_policy?: string
  /** 0: another person approves. Else the days for which the plan stands on record instead. */
  readonly delay_days: number
  /** Copies of the database and of its archive that are known of. */
  readonly copies: readonly Copy[]
  /** Told now and then how many of how many records are judged. */
  readonly onProgress?: (judged: number, records: number) => void
}

export interface DispositionPlanning {
  readonly store: LedgerStore
  /** As they stand, stubs too. */
  readonly rows: Pick<LedgerStore, 'entries'>
  readonly ledger: string
  readonly judging: Judging
  readonly clock: Clock
  readonly random: RandomSource
}

export interface PlannedDisposition {
  readonly plan: DispositionPlan
  /** The bytes of the manifest. */
  readonly manifest: Uint8Array
}

/**
 * The plan, as of now.
 * @throws LedgerError `invalid-query` where the person may not plan, nothing is due, or a member of the request cannot stand in a plan
 */
export async function planDisposition(
  parts: DispositionPlanning,
  request: DispositionRequest,
): Promise<PlannedDisposition> {
  const { store, ledger, judging, clock, random } = parts
  refuseUnlessPlanner(request)
  refuseUnknownPolicy(judging, request)
  const made = clock.now()
  const at = request.at ?? made
  const size = (await store.head(ledger))?.size ?? 0
  const found = await find(judging, request, at, size)
  const first = found.records[0]
  const last = found.records.at(-1)
  if (first === undefined || last === undefined) throw nothingDue(found.stays)
  const plan_id = uuidV7(made, random(10))
  const manifest = formatManifest({ ledger, plan_id, records: found.records })
  const plan: DispositionPlan = {
    ledger,
    plan_id,
    made_at: formatTimestamp(made),
    made_by: request.person,
    as_of_seq: size - 1,
    judged_at: formatTimestamp(at),
    policy_set_sha256: judging.policy_set_sha256,
    manifest_sha256: manifestDigest(manifest),
    records: found.records.length,
    first_seq: first.seq,
    last_seq: last.seq,
    policies: found.policies,
    contents: found.contents,
    stays: found.stays,
    objects: await archivedObjects(
      parts,
      found.records.map(({ seq }) => seq),
    ),
    delay_days: request.delay_days,
    copies: request.copies,
    not_destroyed: NOT_DESTROYED,
  }
  return { plan: writable(plan), manifest }
}

function refuseUnlessPlanner({ policy, person }: DispositionRequest): void {
  const permission = mayDo(policy, person, 'plan-disposition')
  if (!permission.allowed) throw refusedDisposition('planner-not-allowed', permission.problem, permission.cure)
  if (policy.people.has(person)) return
  const cure = 'name the person in the access policy: planner and approver have to be two'
  throw refusedDisposition('planner-not-named', 'whoever plans a disposition is named in the access policy', cure)
}

/** Records. */
const TOLD_EVERY = 1_000

// One that is misspelt applies to nothing, and nothing would be due.
function refuseUnknownPolicy(judging: Pick<Judging, 'has'>, { retention_policy }: DispositionRequest): void {
  if (retention_policy === undefined || judging.has(retention_policy)) return
  const problem = `there is no retention policy ${JSON.stringify(retention_policy)}`
  throw refusedDisposition('no-such-policy', problem, 'affidavit policies lists them')
}

interface Found {
  readonly records: readonly ListedRecord[]
  readonly policies: readonly PolicyCount[]
  readonly contents: number
  readonly stays: readonly Stay[]
}

async function find(
  judging: Judging,
  { retention_policy, onProgress }: DispositionRequest,
  at: UnixMillis,
  size: number,
): Promise<Found> {
  const records: ListedRecord[] = []
  const policies = new Map<string, number>()
  const stays = new Map<Stay['because'], { records: number; sample: number[] }>()
  const room = manifestRoom()
  let contents = 0
  for await (const entry of judging.judge({ at, size, from_seq: 0, until_seq: size })) {
    if (entry.seq % TOLD_EVERY === 0) onProgress?.(entry.seq, size)
    if (retention_policy !== undefined && !entry.policies.includes(retention_policy)) continue
    const record = listed(entry)
    const because = whyItStays(entry, size) ?? (room.takes(record) ? undefined : 'later')
    if (because !== undefined) addStay(stays, because, entry.seq)
    else {
      records.push(record)
      contents += entry.contents
      for (const policy of entry.policies) policies.set(policy, (policies.get(policy) ?? 0) + 1)
    }
  }
  onProgress?.(size, size)
  return {
    records,
    contents,
    policies: [...policies].map(([policy, count]) => ({ policy, records: count })).sort(byName('policy')),
    stays: [...stays].map(([because, stay]) => ({ because, ...stay })).sort(byName('because')),
  }
}

function whyItStays({ disposition, action, seq }: JudgedEntry, size: number): Stay['because'] | undefined {
  if (disposition.state !== 'due') return disposition.state
  // The newest entry of a ledger never leaves.
  return isNeeded(action) || seq === size - 1 ? 'needed' : undefined
}

function addStay(
  stays: Map<Stay['because'], { records: number; sample: number[] }>,
  because: Stay['because'],
  seq: number,
): void {
  const stay = stays.get(because) ?? { records: 0, sample: [] }
  stay.records++
  if (stay.sample.length < 3) stay.sample.push(seq)
  stays.set(because, stay)
}

function listed(entry: JudgedEntry): ListedRecord {
  const { seq, integrity_hash, id, recorded_at, retention_class, policies, disposition } = entry
  const { conversation_id, conversation_seq } = entry
  const since = disposition.state === 'due' ? disposition.since : 0
  const place =
    conversation_id === undefined || conversation_seq === undefined ? {} : { conversation_id, conversation_seq }
  return {
    seq,
    integrity_hash,
    id,
    recorded_at,
    ...place,
    retention_class,
    due_since: formatTimestamp(since),
    policies,
  }
}

// By UTF-16 code units, as the papers ascend.
function byName<Name extends string>(name: Name): (one: Record<Name, string>, other: Record<Name, string>) => number {
  return (one, other) => (one[name] < other[name] ? -1 : 1)
}

const NOT_DESTROYED: readonly string[] = [
  'The leaf hash, the id, the time of recording and the place in its conversation of each record stay, and so does this plan.',
  'Key-encryption keys and the keys of conversations and persons stay in the keyring: they open what else lies under them.',
  'A backup of the database holds the records until it is destroyed itself. A copy that nobody knew of is in no list.',
  'PostgreSQL writes over what it lets go of in its own time (VACUUM), and keeps its log as long as it is set to; so may a file system, a disk and their snapshots.',
]

function nothingDue(stays: readonly Stay[]): LedgerError {
  const why = stays.map(({ because, records }) => `${because}: ${records}`).join(', ')
  return refusedDisposition(
    'nothing-is-due',
    `no record is due${why === '' ? '' : ` (${why})`}`,
    'affidavit retention plan shows when what becomes due',
  )
}

// What a person gave can be no member of a plan.
function writable(plan: DispositionPlan): DispositionPlan {
  try {
    formatPlan(plan)
    return plan
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const cure = 'give a delay of 0, or of at least 7 days, and each copy once'
    throw refusedDisposition('plan-unwritable', error.message, cure)
  }
}
