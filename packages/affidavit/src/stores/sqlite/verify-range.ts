// Verifying what came after a checkpoint that the caller trusts: the tree below it is taken as it swears, the entries
// above it are read and hashed.

import { toHex } from '../../bytes/hex.ts'
import { parseEntry } from '../../formats/entry.ts'
import { emptyFrontier, type Frontier, planFrontier } from '../../merkle/growth.ts'
import { leafHash } from '../../merkle/hash.ts'
import type { TreeHead } from '../../merkle/head.ts'
import { BEGINNING, type Edge } from '../../verify/entries.ts'
import { createFindings } from '../../verify/finding.ts'
import { checkProven } from '../../verify/proven.ts'
import { judgeRange } from '../../verify/range.ts'
import type { Report } from '../../verify/report.ts'
import { createNoteReader, namedKeys } from '../../verify/trust.ts'
import type { SqliteDatabase } from './database.ts'
import { blobColumn } from './database.ts'
import { anchoredSizes, chooseLedger, countEntries, readKeptCheckpoints, type Wanted } from './extent.ts'
import { readNodes } from './read.ts'
import { reportOn } from './reading.ts'
import { keyEntryOf, proveEntry, provenRoot, readKeyEntries } from './stored-proofs.ts'
import { tryRead } from './unreadable.ts'
import { verifyRows } from './verify-rows.ts'

export interface RangeOptions extends Wanted {
  /** The signed note of the checkpoint that is trusted. */
  readonly since: string
}

/**
 * Verifies the entries behind a trusted checkpoint, and that they continue its tree.
 * @throws LedgerError as verifySqlite does
 */
export function verifySqliteRange(path: string, options: RangeOptions): Promise<Report> {
  const { anchors, trust, since } = options
  return reportOn({ path, kind: 'range', anchors }, async (db, schemaFindings) => {
    const { origin, ledgerNo = 0, others } = chooseLedger(db, path, options)
    const findings = createFindings()
    for (const found of schemaFindings) findings.add(found)
    const kept = readKeptCheckpoints(db, ledgerNo)
    const { size } = countEntries(db, ledgerNo)
    const keyEntries = readKeyEntries(db, ledgerNo)
    const named = namedKeys(keyEntries.flatMap(keyEntryOf))
    const opened = createNoteReader(origin, trust, named)(since, 'the checkpoint since which is verified')
    const base: TreeHead = 'held' in opened ? opened.held : { size: 0, root: new Uint8Array() }
    if ('found' in opened) findings.add(opened.found)
    for (const entry of keyEntries) {
      if (entry.seq < base.size && base.size <= size)
        checkProven(proveEntry(db, ledgerNo, entry, base.size), base, origin, findings)
    }
    const above = [...kept.map((checkpoint) => checkpoint.size), ...anchoredSizes(anchors)]
    const sizes = [...new Set(above)].filter((wanted) => wanted > base.size && wanted <= size).sort((a, b) => a - b)
    const continues = {
      frontier: readFrontier(db, ledgerNo, Math.min(base.size, size)),
      last: readEdge(db, ledgerNo, base.size),
    }
    const chunk = verifyRows(db, ledgerNo, { origin, from: continues.frontier.size, to: size, sizes, continues })
    findings.addAll(chunk.findings)
    const roots = new Map(chunk.roots.map(({ size: at, root }) => [at, root]))
    for (const wanted of anchoredSizes(anchors)) {
      const root = wanted < base.size && base.size <= size ? provenRoot(db, ledgerNo, wanted, base) : undefined
      if (root !== undefined) roots.set(wanted, root)
    }
    return judgeRange({
      origin,
      trust,
      ...('held' in opened ? { since: { size: base.size, note: since, cosignatures: [] } } : {}),
      base,
      continues: continues.frontier,
      chunk,
      tree: { size, roots, holedFrom: chunk.tree === 'holed' ? chunk.from : undefined },
      named,
      checkpoints: kept,
      anchors,
      findings,
      notChecked: others.map((other) => `${other}: another ledger in this database; verify it with --origin`),
    })
  })
}

// Stored nodes, not trusted: they must give the root that the checkpoint swears to.
function readFrontier(db: SqliteDatabase, ledgerNo: number, size: number): Frontier {
  const read = tryRead(() => readNodes(db, ledgerNo, planFrontier(size)))
  return 'value' in read ? { size, nodes: read.value } : emptyFrontier
}

function readEdge(db: SqliteDatabase, ledgerNo: number, size: number): Edge {
  const row = db.prepare('SELECT entry FROM entries WHERE ledger_no = ? AND seq = ?').get(ledgerNo, size - 1)
  if (row === undefined) return BEGINNING
  const bytes = blobColumn(row, 'entry')
  const parsed = parseEntry(bytes)
  const entry = 'entry' in parsed ? parsed.entry : undefined
  return { seq: size - 1, id: entry?.id, hash: toHex(leafHash(bytes)), recorded_at: entry?.recorded_at ?? '' }
}
