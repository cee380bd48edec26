// Verifying one conversation of an embedded ledger: its rows and the nodes that prove them are read, and nothing else;
// verify/stored/conversation.ts judges.

import type { Report } from '../../verify/report.ts'
import { type ConversationOptions, verifyStoredConversation } from '../../verify/stored/conversation.ts'
import { reportOn } from './reading.ts'

/**
 * Verifies one conversation: its own links, and each of its entries in the tree of the newest counted checkpoint.
 * @throws LedgerError as verifySqlite does
 */
export function verifySqliteConversation(path: string, options: ConversationOptions): Promise<Report> {
  const { anchors } = options
  return reportOn({ path, kind: 'conversation', anchors, threads: 0 }, (store) =>
    verifyStoredConversation(store, options),
  )
}
