// Verifying one conversation of an embedded ledger: its rows and the nodes that prove them are read, and nothing else.

import { EMPTY_ROOT } from '../../merkle/hash.ts'
import { anchorAxis, checkAnchors, unanchored } from '../../verify/anchors.ts'
import { readSigned, signerAxis, signerFindings, timeAxis } from '../../verify/checkpoints.ts'
import { verifyConversation } from '../../verify/conversation.ts'
import { createFindings } from '../../verify/finding.ts'
import { checkProven } from '../../verify/proven.ts'
import type { Report } from '../../verify/report.ts'
import { namedKeys } from '../../verify/trust.ts'
import { anchoredSizes, type Chosen, chooseLedger, countEntries, readKeptCheckpoints, type Wanted } from './extent.ts'
import { reportOn } from './reading.ts'
import { keyEntryOf, proveEntry, provenRoot, readConversation, readKeyEntries } from './stored-proofs.ts'

export interface ConversationOptions extends Wanted {
  readonly conversation_id: string
}

/**
 * Verifies one conversation: its own links, and each of its entries in the tree of the newest counted checkpoint.
 * @throws LedgerError as verifySqlite does
 */
export function verifySqliteConversation(path: string, options: ConversationOptions): Promise<Report> {
  const { anchors, trust, conversation_id } = options
  return reportOn({ path, kind: 'conversation', anchors }, async (db, schemaFindings) => {
    const chosen = chooseLedger(db, path, options)
    const { origin } = chosen
    const ledgerNo = chosen.ledgerNo ?? 0
    const findings = createFindings()
    for (const found of schemaFindings) findings.add(found)
    const checkpoints = readKeptCheckpoints(db, chosen.ledgerNo)
    const { size } = countEntries(db, chosen.ledgerNo)
    const keyEntries = readKeyEntries(db, ledgerNo)
    const named = namedKeys(keyEntries.flatMap(keyEntryOf))
    const signed = readSigned({ origin, trust, checkpoints }, named, findings)
    for (const found of signerFindings(signed, trust, size)) findings.add(found)
    const head = signed.counted.at(-1) ?? { size: 0, root: EMPTY_ROOT }
    for (const entry of keyEntries) {
      if (entry.seq < head.size) checkProven(proveEntry(db, ledgerNo, entry, head.size), head, origin, findings)
    }
    const roots = new Map(
      [head.size, ...anchoredSizes(anchors)].flatMap((wanted) => {
        const root = wanted <= size ? provenRoot(db, ledgerNo, wanted, head) : undefined
        return root === undefined ? [] : [[wanted, root] as const]
      }),
    )
    const tree = { size, roots, holedFrom: undefined }
    const anchored = checkAnchors({ origin, signed, named, tree, anchors }, findings)
    return verifyConversation({
      origin,
      conversation_id,
      entries: readConversation(db, ledgerNo, conversation_id).map((entry) =>
        proveEntry(db, ledgerNo, entry, head.size),
      ),
      head,
      findings,
      signer: signerAxis(signed, trust),
      time: timeAxis(signed),
      anchor: anchorAxis(anchored, head.size),
      notChecked: [...notChecked(chosen, trust.kind), ...unanchored(anchors, anchored, head.size)],
    })
  })
}

function notChecked({ others }: Chosen, trust: 'pinned' | 'first use'): string[] {
  return [
    'that the conversation has no later entries: an altered index could hide them; verify the whole ledger',
    ...(trust === 'first use' ? ['the key: none was pinned (--vkey)'] : []),
    ...others.map((other) => `${other}: another ledger in this database; verify it with --origin`),
  ]
}
