// Placing and releasing legal holds (spec/holds.md). Placing takes a role alone; releasing takes the signature of somebody else.

import type { AccessPolicy } from '../access/policy.ts'
import { labelProblem } from '../bytes/label.ts'
import { lookStructured } from '../classify/look.ts'
import { type Clock, formatTimestamp } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { DraftFault } from '../formats/draft-fault.ts'
import { type AuditRecord, type Draft, MAX_LABEL_BYTES } from '../formats/fields.ts'
import { type HoldQuery, readHold } from '../formats/hold.ts'
import type { PlacedHold } from '../links/holds.ts'
import {
  formatHoldRelease,
  type HoldReleasePaper,
  holdReleaseDigest,
  judgeReleaseApproval,
} from '../papers/hold-release.ts'
import { APPROVAL_DAYS } from '../papers/judge-approval.ts'
import type { Keyring } from '../vault/keyring.ts'
import type { Settled } from './place.ts'
import { checkFilter, recordOf } from './read.ts'
import { countBound, readHolds } from './read-holds.ts'
import { expectAllowed, type Reader } from './reader.ts'
import type { EntryFilter, LedgerStore } from './store.ts'
import { recordedFilter } from './translate-filter.ts'

/** What a hold is to bind: records for which all of it is so; ids as they were handed in, or as tokens. */
export interface HoldRequest extends Omit<HoldQuery, 'subject_ids'> {
  readonly matter: string
  readonly reason: string
  /** Who answers for it. */
  readonly custodian: string
  readonly subject_id?: string
  /** Binds every record, and has no condition. */
  readonly everything?: 'yes'
}

export interface HoldPlaced {
  readonly hold_id: string
  readonly seq: number
  readonly recorded_at: string
  /** Records that it bound when it was placed; `not counted` where the archive did not give what it had to be counted by. */
  readonly records: number | 'not counted'
  /** What was found in the reason, and masked: words such as `us_ssn`. Absent where nothing was. */
  readonly masked_in_reason?: readonly string[]
}

export interface HoldReleased {
  readonly hold_id: string
  readonly seq: number
  readonly recorded_at: string
  /** Of what it bound when its release was asked for, what another hold bound then. */
  readonly still_held: number
}

export interface ReleaseOrder {
  readonly release: HoldReleasePaper
  /** The signed note, as it came. */
  readonly approval: Uint8Array
}

export interface Holding {
  /** @throws LedgerError `not-allowed`, `invalid-query`, `not-found` where an id finds nothing */
  place(request: HoldRequest): Promise<HoldPlaced>
  /** The paper that somebody else signs; changes nothing. @throws LedgerError `not-allowed`, `invalid-query`, `not-found` */
  planRelease(hold_id: string, reason: string): Promise<HoldReleasePaper>
  /** @throws LedgerError `not-allowed`, `invalid-query`, `not-found`: nothing was changed */
  release(order: ReleaseOrder): Promise<HoldReleased>
}

export interface HoldingParts {
  readonly store: LedgerStore
  /** What lies in the database alone: a hold is placed though the archive be away. */
  readonly rows: LedgerStore
  readonly ledger: string
  readonly keyring: Keyring
  readonly policy: AccessPolicy | undefined
  readonly clock: Pick<Clock, 'now'>
  record(draft: Draft): Promise<Settled>
  deriveId(...words: readonly string[]): string
}

export function createHolding(parts: HoldingParts, who: Reader): Holding {
  const { store, rows, ledger, keyring, policy, clock } = parts
  const { actor_id, actor_type = 'user' } = who
  const OWN = { actor_id, actor_type, outcome: 'success', data_classification: 'internal' } as const

  async function size(): Promise<number> {
    return (await store.head(ledger))?.size ?? 0
  }

  async function finds(filter: EntryFilter): Promise<boolean> {
    return (await rows.entries(ledger, filter, { limit: 1, order: 'ascending' })).length > 0
  }

  async function draftOf(request: HoldRequest): Promise<Draft> {
    const { matter, reason, custodian, everything, agent_name, from, until, ...ids } = request
    for (const [path, text] of Object.entries({ matter, reason, custodian })) refuseUnlessLabel(path, text)
    refusePersonal('matter', matter)
    checkFilter(ids)
    // As records have them: what is misspelt would bind nothing, and nobody would see it.
    const { subject_id, ...asked } = await recordedFilter(keyring, ids, finds)
    const query = {
      ...asked,
      ...(agent_name === undefined ? {} : { agent_name }),
      ...(from === undefined ? {} : { from }),
      ...(until === undefined ? {} : { until }),
    }
    const isNarrowed = Object.keys(query).length > 0
    return {
      ...OWN,
      action: 'hold_placed',
      on_behalf_of: custodian,
      outcome_reason: reason,
      ...(subject_id === undefined ? {} : { subject_ids: [subject_id] }),
      details: { matter, ...(isNarrowed ? { query } : {}), ...(everything === undefined ? {} : { everything }) },
    }
  }

  async function put(draft: Draft): Promise<Extract<Settled, { recorded_at: string }>> {
    const settled = await parts.record(draft)
    if (settled.state !== 'conflict') return settled
    throw refusedHold('already-released', 'another release of this hold is on record', 'affidavit hold list shows it')
  }

  // The hold stands, and whoever placed it is told so.
  async function countNow(seq: number): Promise<HoldPlaced['records']> {
    try {
      const holds = await readHolds(store, ledger, seq + 1)
      const hold = holds.placed.find((one) => one.seq === seq) ?? unknownHoldNow()
      return (await countBound(store, ledger, holds, hold, seq)).records
    } catch (error) {
      const isAway =
        error instanceof LedgerError && (error.code === 'archive-unavailable' || error.code === 'archive-altered')
      if (!isAway) throw error
      return 'not counted'
    }
  }

  async function standingHold(
    hold_id: string,
    asOf: number,
  ): Promise<{ hold: PlacedHold; still: Awaited<ReturnType<typeof readHolds>> }> {
    const still = await readHolds(store, ledger, asOf)
    const hold = still.placed.find(({ id }) => id === hold_id)
    if (hold === undefined) throw unknownHold()
    if (hold.released_by !== undefined) {
      const cure = 'affidavit hold list shows which holds stand'
      throw refusedHold('already-released', `this hold was released at seq ${hold.released_by}`, cure)
    }
    return { hold, still }
  }

  return {
    async place(request) {
      expectAllowed(policy, who, 'hold')
      const draft = await draftOf(request)
      inForm(draft)
      const { seq, recorded_at } = await put(draft)
      const [row = unknownHoldNow()] = await rows.entries(
        ledger,
        { from_seq: seq, until_seq: seq + 1 },
        { limit: 1, order: 'ascending' },
      )
      const { id: hold_id, details } = recordOf(row)
      return { hold_id, seq, recorded_at, records: await countNow(seq), ...maskedIn(details) }
    },

    async planRelease(hold_id, reason) {
      expectAllowed(policy, who, 'release-hold')
      refuseUnlessLabel('reason', reason)
      refusePersonal('reason', reason)
      if (policy?.people.has(actor_id) !== true) {
        const cure = 'name the person in the access policy: whoever asks and whoever approves have to be two'
        throw refusedHold('planner-not-named', 'whoever asks for a release is named in the access policy', cure)
      }
      const asOf = await size()
      const { hold, still } = await standingHold(hold_id, asOf)
      return writable({
        ledger,
        hold_id,
        hold_sha256: hold.integrity_hash,
        matter: hold.matter,
        made_at: formatTimestamp(clock.now()),
        made_by: actor_id,
        reason,
        as_of_seq: asOf - 1,
        ...(await countBound(store, ledger, still, hold, asOf)),
      })
    },

    async release({ release, approval }) {
      expectAllowed(policy, who, 'release-hold')
      if (policy === undefined) throw new TypeError('nobody is allowed this without a policy; this is a bug')
      const judged = judgeReleaseApproval(approval, release, { ledger, policy, at: clock.now() })
      if ('code' in judged) {
        const cure = `have exactly this release approved with affidavit approve, by another person than ${release.made_by} who is a records_approver, at most ${APPROVAL_DAYS} days ago`
        throw refusedHold(judged.code, 'this approval does not let this hold be released', cure)
      }
      const { hold_id, hold_sha256, matter, reason, still_held } = release
      refusePersonal('reason', reason)
      const { hold } = await standingHold(hold_id, await size())
      await holdAgainstLedger(release, hold)
      const { plan_sha256: release_sha256, approval_sha256 } = judged
      const { seq, recorded_at } = await put({
        ...OWN,
        id: parts.deriveId('hold_released', hold_id),
        action: 'hold_released',
        parent_id: hold_id,
        outcome_reason: reason,
        details: {
          ...{ matter, hold_sha256, release_sha256, approval_sha256 },
          release: Buffer.from(formatHoldRelease(release)).toString('utf8'),
          approval: Buffer.from(approval).toString('utf8'),
        },
      })
      return { hold_id, seq, recorded_at, still_held }
    },
  }

  // What the approver was shown has to be what there was.
  async function holdAgainstLedger(release: HoldReleasePaper, hold: PlacedHold): Promise<void> {
    const asOf = release.as_of_seq + 1
    const cure = 'ask for a new release with affidavit hold release plan, and have that one approved'
    const isOfIt = release.hold_sha256 === hold.integrity_hash && release.matter === hold.matter
    if (!isOfIt || asOf > (await size()) || asOf <= hold.seq) {
      throw refusedHold('release-differs', 'the release does not say which hold this is', cure)
    }
    const counted = await countBound(store, ledger, await readHolds(store, ledger, asOf), hold, asOf)
    if (counted.records === release.records && counted.still_held === release.still_held) return
    throw refusedHold('release-differs', 'the release does not say what the hold bound when it was written', cure)
  }
}

// A reader of records goes on to accept what is refused here: a hold that was placed so binds all the same.
function refuseUnlessLabel(path: string, text: string): void {
  const problem = text.trim() === '' ? 'says nothing' : labelProblem(text, MAX_LABEL_BYTES)
  if (problem === undefined) return
  throw new LedgerError('invalid-query', {
    problem: `${path}: ${problem}; nothing was changed`,
    cure: `whoever reads the record in years has to understand it: write it out in a few words, one line of at most ${MAX_LABEL_BYTES} bytes`,
    path,
  })
}

/** A matter is told by its very name, and the reason of a release stands in a paper that was signed: nothing of either can be masked. */
function refusePersonal(path: string, text: string): void {
  const types = [...new Set(lookStructured([path])(text).map(({ type }) => type))]
  if (types.length === 0) return
  throw new LedgerError('invalid-query', {
    problem: `${path}: holds what looks like ${types.join(', ')}; nothing was changed`,
    cure: 'it stands in the record for good, in the clear: say it in other words, by a docket or file number',
    path,
  })
}

function maskedIn(details: AuditRecord['details']): Pick<HoldPlaced, 'masked_in_reason'> {
  const found = (details?.masked ?? []) as readonly { readonly path: string; readonly types: readonly string[] }[]
  const types = found.filter(({ path }) => path === 'outcome_reason').flatMap((one) => one.types)
  return types.length === 0 ? {} : { masked_in_reason: types }
}

function inForm(draft: Draft): void {
  try {
    readHold(draft)
  } catch (cause) {
    if (!(cause instanceof DraftFault)) throw cause
    const path = requested(cause.path)
    const problem = cause.message.slice(cause.path.length)
    throw new LedgerError('invalid-query', {
      problem: `${path}${problem}; nothing was changed`,
      cure: cureFor(path),
      path,
      cause,
    })
  }
}

/** What a request calls a member of the record. */
function requested(path: string): string {
  if (path.startsWith(QUERY)) return path.slice(QUERY.length)
  return REQUESTED.get(path) ?? path
}

const QUERY = 'details.query.'
const REQUESTED: ReadonlyMap<string, string> = new Map([
  ['on_behalf_of', 'custodian'],
  ['outcome_reason', 'reason'],
  ['details.matter', 'matter'],
  ['details.query', 'everything'],
  ['details.everything', 'everything'],
])

function cureFor(path: string): string {
  if (path === 'everything')
    return 'say what the hold binds (conversation, subject, actor, agent, resource, period), or that it binds everything'
  if (path === 'from' || path === 'until')
    return 'give the beginning and the end of the period, the end behind the beginning'
  return 'write it as records have it: affidavit search shows them'
}

function writable(release: HoldReleasePaper): HoldReleasePaper {
  try {
    holdReleaseDigest(release)
    return release
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    const cure = 'the reason is one line of text'
    throw new LedgerError('invalid-query', { problem: `this cannot stand in a release: ${cause.message}`, cure, cause })
  }
}

function refusedHold(fault: string, problem: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', { problem: `${problem} (${fault}); nothing was changed`, cure, path: fault })
}

function unknownHold(): LedgerError {
  return new LedgerError('not-found', {
    problem: 'no hold has this id',
    cure: 'affidavit hold list shows the holds with their ids',
    path: 'hold',
  })
}

function unknownHoldNow(): never {
  throw unknownHold()
}
