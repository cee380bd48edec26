// Whether what a draft says is handed over may go to its recipient (spec/registry.md §8): judged before anything of the draft
// is kept, and where it may not go, refused on record.

import type { UnixMillis } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { type AuditRecord, type Draft, RECIPIENT_FINDING_MEMBER } from '../formats/fields.ts'
import { type HandedOver, judgeRecipient, type RecipientFinding } from '../registry/recipient.ts'
import type { Floor, Registry } from '../registry/registry.ts'
import type { Tokenised } from './identities.ts'
import type { Received } from './receive.ts'

/** What is wrong with the recipient of a draft, at the time of its record. Nothing where nothing goes to anybody. */
export function judgeHandover(
  registry: Registry | undefined,
  { recipient, draft, timestamp }: Received,
  handed: HandedOver,
): RecipientFinding | undefined {
  // What was denied went to nobody.
  if (registry === undefined || recipient === undefined || draft.outcome === 'denied') return undefined
  const at: UnixMillis = Date.parse(timestamp)
  const judged = judgeRecipient(registry, recipient, handed, at)
  return judged === 'allowed' ? undefined : judged
}

/** What was imported or observed has happened: a refusal would keep nothing from anybody. */
export function isBlocked(
  { on_violation }: RecipientFinding,
  { draft: { assurance = 'recorded' } }: Received,
): boolean {
  return on_violation === 'block' && assurance === 'recorded'
}

/** What the record says of it: words of the registry, and nothing of the data. */
export function findingDetails(finding: RecipientFinding): NonNullable<AuditRecord['details']> {
  const { code, entry, agreement, domains } = finding
  return {
    [RECIPIENT_FINDING_MEMBER]: {
      code,
      ...(entry === undefined ? {} : { entry }),
      ...(agreement === undefined ? {} : { agreement }),
      ...(domains === undefined ? {} : { domains: [...domains] }),
    },
  }
}

/** A draft that is refused for its recipient: the record that says so comes before the answer. */
export class Refusal extends Error {
  readonly record: Draft
  readonly answer: LedgerError

  constructor(record: Draft, answer: LedgerError) {
    super(answer.message)
    this.name = 'Refusal'
    this.record = record
    this.answer = answer
  }
}

export interface Refused {
  readonly received: Received
  readonly tokenised: Tokenised
  readonly finding: RecipientFinding
  readonly classified: Floor
  readonly draft_commitment: string
}

/**
 * Who tried to give what to whom, without the content. The same draft, refused again for the same reason, is the same record.
 */
export function refusalOf(
  { received, tokenised, finding, classified, draft_commitment }: Refused,
  deriveId: DeriveId,
): Refusal {
  // As it would have stood in the record: what was masked there is masked here.
  const { id: _, timestamp: claimed, action, outcome, outcome_reason, details, assurance, ...who } = received.looked
  const recipient = details?.recipient
  const told = findingDetails(finding)
  const record: Draft = {
    ...who,
    ...idsOf(tokenised),
    id: deriveId('draft_rejected', received.id, draft_commitment, JSON.stringify([told, classified])),
    action: 'draft_rejected',
    outcome: 'denied',
    outcome_reason: finding.code,
    data_classification: classified.data_classification,
    ...(classified.compliance_domains.length === 0 ? {} : { compliance_domains: [...classified.compliance_domains] }),
    details: {
      refused_id: received.id,
      refused_action: action,
      refused_commitment: draft_commitment,
      ...(claimed === undefined ? {} : { refused_timestamp: claimed }),
      ...(recipient === undefined ? {} : { recipient }),
      ...told,
    },
  }
  return new Refusal(record, recipientRefused(finding))
}

function idsOf({ subject_ids, ...ids }: Tokenised): Partial<Draft> {
  return { ...ids, ...(subject_ids === undefined ? {} : { subject_ids: [...subject_ids] }) }
}

export type DeriveId = (...words: readonly string[]) => string

function recipientRefused({ problem, code }: RecipientFinding): LedgerError {
  return new LedgerError('recipient-refused', {
    problem: `${problem}; the draft was not recorded, its refusal was, and nothing may be handed over`,
    cure: CURES[code],
    path: 'details.recipient',
  })
}

const REGISTER = 'name it under recipients in the registry, with what was agreed'
const CURES: Readonly<Record<RecipientFinding['code'], string>> = {
  'recipient-unknown': REGISTER,
  'agreement-not-begun': 'wait until it begins, or mend its days in the registry',
  'agreement-ended': 'renew it, and say so in the registry',
  'domain-not-agreed': 'leave that data out, or have it agreed and say so in the registry',
  'agreement-missing': REGISTER,
  'region-not-agreed': 'use a recipient in another region, or mend regions in the registry',
  'not-looked-at': 'mend the detector, then append the same draft again',
}
