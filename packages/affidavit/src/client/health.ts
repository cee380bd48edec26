// How a ledger on a server is doing (spec/http.md §9).

import type { Health } from '../ledger/health.ts'
import { unreadable } from './ask.ts'
import type { Evidence } from './evidence.ts'
import { countIn, isObject, textIn } from './members.ts'

/** @throws LedgerError what asking throws */
export async function askHealth({ ask, path, origin }: Evidence): Promise<Omit<Health, 'room'>> {
  const answer = await ask.json({ path: `${path}/health`, origin })
  if (!isObject(answer)) throw unreadable('no state of a ledger')
  const failure = answer.publish_failure === undefined ? {} : { publish_failure: textIn(answer, 'publish_failure') }
  return { size: countIn(answer, 'size'), published: countIn(answer, 'published'), ...failure }
}
