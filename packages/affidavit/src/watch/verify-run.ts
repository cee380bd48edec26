// One run (spec/watch.md §2): what came behind the checkpoint that the last run vouched for, and everything where that is due.

import { externalAnchor, localAnchor } from '../embedded/anchors.ts'
import type { Place } from '../embedded/place.ts'
import { approversIn } from '../embedded/record-verification.ts'
import { type Part, type ToVerify, verifyLedger } from '../embedded/verify-ledger.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import type { Anchor } from '../verify/anchors.ts'
import type { Report } from '../verify/report.ts'
import type { Trust } from '../verify/trust.ts'
import type { WatchState } from './state.ts'

/** What a ledger is held against, in each run. */
export interface Against {
  readonly trust: Trust
  /** Files and folders with checkpoints that somebody kept; read anew in each run. */
  readonly anchors: readonly string[]
  /** Those of the access policy in the home where left out. */
  readonly approvers?: readonly VerifierKey[]
  /** Instead of the archive that the settings name. */
  readonly archive?: string
}

type Base = NonNullable<WatchState['base']>

/** At least one report. */
export interface RunReports {
  readonly incremental?: Report
  readonly complete?: Report
  /** The newest checkpoint that this run vouches for. */
  readonly base?: Base
}

/**
 * @param base left out where there is no checkpoint to begin from: then everything is read
 * @throws LedgerError as verifyLedger does, `not-found` (an anchor)
 */
export async function verifyRun(
  place: Place,
  against: Against,
  { base, complete }: { readonly base?: Base; readonly complete: 'due' | 'not due' },
): Promise<RunReports> {
  const local = await localAnchor(place.home)
  const anchors = await Promise.all(against.anchors.map(externalAnchor))
  const verify = (part: Part, content: ToVerify['content'], log: Anchor): Promise<Report> => {
    const { trust, approvers = approversIn(place.home), archive } = against
    const more = archive === undefined ? {} : { archive }
    return verifyLedger(place, { part, trust, anchors, local: log, approvers, content, keys: 'used', ...more })
  }
  const since = base === undefined ? undefined : await verify(sinceOf(base), 'listed', behind(local, base))
  const incremental = since === undefined || isGroundless(since) ? undefined : since
  const isWhole = complete === 'due' || incremental === undefined || incremental.status === 'tampered'
  const whole = isWhole ? await verify({ kind: 'whole', indexes: 'compared' }, 'read', local) : undefined
  const reports = [whole, incremental].filter((report) => report !== undefined)
  const next = reports.some(({ status }) => status === 'tampered') ? undefined : newestOf(local, reports[0])
  return {
    ...(incremental === undefined ? {} : { incremental }),
    ...(whole === undefined ? {} : { complete: whole }),
    ...(next === undefined ? {} : { base: next }),
  }
}

function sinceOf({ note }: Base): Part {
  return { kind: 'since', note }
}

// Other keys are pinned than before, or others are in force: nobody is accused, and everything is read.
function isGroundless({ findings }: Report): boolean {
  return findings.some(({ code }) => code === 'since-untrusted')
}

// What was compared by earlier runs need not be proven once more: a ledger has thousands of checkpoints.
function behind(local: Anchor, { ledger, size }: Base): Anchor {
  const notes = local.notes.filter((note) => headOf(note).origin !== ledger || headOf(note).size >= size)
  return { ...local, notes }
}

// Each checkpoint of the log was held against the tree of the bytes; one that was signed while they were read is not among these.
function newestOf({ notes }: Anchor, report: Report | undefined): Base | undefined {
  const { origin, size = 0 } = report?.subject ?? {}
  let newest: Base | undefined
  for (const note of notes) {
    const head = headOf(note)
    if (head.origin !== origin || head.size > size || head.size < (newest?.size ?? 1)) continue
    newest = { ledger: head.origin, size: head.size, note }
  }
  return newest
}

// Read loosely: whether a note holds is the verifier's to say, in this run and where the next one begins from it.
function headOf(note: string): { readonly origin: string; readonly size: number } {
  const [origin = '', size] = note.split('\n', 2)
  return { origin, size: Number(size) }
}
