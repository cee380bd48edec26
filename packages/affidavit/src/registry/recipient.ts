// Whether a recipient may be given data of some domains now, by the registry (spec/registry.md §5).

import type { UnixMillis } from '../clock/clock.ts'
import type { Agreement, Reaction, Recipient, Registry } from './registry.ts'
import { lookUp } from './table.ts'

export interface RecipientFinding {
  readonly code: 'recipient-unknown' | 'agreement-not-begun' | 'agreement-ended' | 'domain-not-agreed'
  readonly problem: string
  /** What the registry asks for in this case. */
  readonly on_violation: Reaction
}

/** One cause, the first that applies in the order of the codes. The problem names domains and the entry, nothing of the data. */
export function judgeRecipient(
  registry: Registry,
  recipient: string,
  domains: readonly string[],
  at: UnixMillis,
): 'allowed' | RecipientFinding {
  const found = lookUp(registry.recipients, recipient)
  if (found === undefined) {
    const problem = 'no entry under recipients speaks of it'
    return { code: 'recipient-unknown', problem, on_violation: registry.unknown_recipients }
  }
  const finding =
    agreementFinding(found.entry.agreement, found.name, at) ?? domainFinding(found.entry, found.name, domains)
  return finding === undefined ? 'allowed' : { ...finding, on_violation: found.entry.on_violation }
}

type Cause = Omit<RecipientFinding, 'on_violation'>

function agreementFinding(agreement: Agreement | undefined, name: string, at: UnixMillis): Cause | undefined {
  if (agreement?.begins !== undefined && at < agreement.begins) {
    return { code: 'agreement-not-begun', problem: `the agreement with ${name} has not begun` }
  }
  if (agreement?.ends !== undefined && at >= agreement.ends) {
    return { code: 'agreement-ended', problem: `the agreement with ${name} has ended` }
  }
  return undefined
}

function domainFinding(recipient: Recipient, name: string, domains: readonly string[]): Cause | undefined {
  const others = domains.filter((domain) => !recipient.compliance_domains.includes(domain))
  if (others.length === 0) return undefined
  return { code: 'domain-not-agreed', problem: `${name} may not receive ${[...new Set(others)].sort().join(', ')}` }
}
