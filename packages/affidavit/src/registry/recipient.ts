// Whether a recipient may be given data of some domains now, by the registry (spec/registry.md §5).

import type { UnixMillis } from '../clock/clock.ts'
import type { Reaction, Recipient, Registry } from './registry.ts'
import { lookUp } from './table.ts'

export type RecipientCode =
  | 'recipient-unknown'
  | 'agreement-not-begun'
  | 'agreement-ended'
  | 'domain-not-agreed'
  | 'agreement-missing'
  | 'region-not-agreed'
  | 'not-looked-at'

export interface RecipientFinding {
  readonly code: RecipientCode
  readonly problem: string
  /** The entry that spoke, as the registry writes its name; absent where none did. */
  readonly entry?: string
  /** Where the paper is found that does not cover this; only of what is wrong with an agreement. */
  readonly agreement?: string
  /** The domains that it is about, sorted; only of what is wrong with domains. */
  readonly domains?: readonly string[]
  /** What the registry asks for in this case. */
  readonly on_violation: Reaction
}

/** What is handed over. */
export interface HandedOver {
  readonly compliance_domains: readonly string[]
  /** `in part`: a detector failed, and nobody knows what else it is. */
  readonly looked_at: 'wholly' | 'in part'
}

/**
 * One cause, the first that applies in the order of the codes. The problem names domains and the entry, nothing of the data.
 * Where a registry says nothing of recipients, nothing is found.
 */
export function judgeRecipient(
  registry: Registry,
  recipient: string,
  { compliance_domains, looked_at }: HandedOver,
  at: UnixMillis,
): 'allowed' | RecipientFinding {
  const { recipients, unknown_recipients } = registry
  if (recipients.all.length === 0 && unknown_recipients === undefined) return 'allowed'
  const found = lookUp(recipients, recipient)
  if (found === undefined) {
    const problem = 'no entry under recipients speaks of it'
    return { code: 'recipient-unknown', problem, on_violation: unknown_recipients ?? 'record' }
  }
  const { name, entry } = found
  const domains = [...new Set(compliance_domains)].sort()
  const cause =
    outOfTime(entry, name, at) ??
    notAgreed(entry, name, domains) ??
    withoutAgreement(registry, entry, name, domains) ??
    elsewhere(registry, entry, name, domains) ??
    notLookedAt(name, looked_at)
  return cause === undefined ? 'allowed' : { ...cause, entry: name, on_violation: entry.on_violation }
}

type Cause = Omit<RecipientFinding, 'entry' | 'on_violation'> | undefined

function outOfTime({ agreement }: Recipient, name: string, at: UnixMillis): Cause {
  if (agreement === undefined) return undefined
  const { begins, ends, reference } = agreement
  if (begins !== undefined && at < begins) {
    return { code: 'agreement-not-begun', problem: `the agreement with ${name} has not begun`, agreement: reference }
  }
  if (ends !== undefined && at >= ends) {
    return { code: 'agreement-ended', problem: `the agreement with ${name} has ended`, agreement: reference }
  }
  return undefined
}

function notAgreed({ compliance_domains }: Recipient, name: string, handed: readonly string[]): Cause {
  const domains = handed.filter((domain) => !compliance_domains.includes(domain))
  if (domains.length === 0) return undefined
  return { code: 'domain-not-agreed', problem: `${name} may not receive ${domains.join(', ')}`, domains }
}

// A person may be entitled to data without a paper, as a physician who treats is; a company that processes it is not.
function withoutAgreement(registry: Registry, entry: Recipient, name: string, handed: readonly string[]): Cause {
  if (entry.agreement !== undefined || entry.kind === 'person') return undefined
  const domains = handed.filter((domain) => registry.domains.get(domain)?.guards_data === true)
  if (domains.length === 0) return undefined
  const problem = `there is no agreement with ${name}, and ${domains.join(', ')} guards this data`
  return { code: 'agreement-missing', problem, domains }
}

function elsewhere({ regions }: Registry, { region }: Recipient, name: string, handed: readonly string[]): Cause {
  const domains = handed.filter((domain) => {
    const allowed = regions.get(domain)
    return allowed !== undefined && (region === undefined || !allowed.includes(region))
  })
  if (domains.length === 0) return undefined
  const problem = `${name} is not in a region that data of ${domains.join(', ')} may go to`
  return { code: 'region-not-agreed', problem, domains }
}

function notLookedAt(name: string, looked_at: HandedOver['looked_at']): Cause {
  if (looked_at === 'wholly') return undefined
  return { code: 'not-looked-at', problem: `a detector failed, and nobody knows whether ${name} may receive this` }
}
