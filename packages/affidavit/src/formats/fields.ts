// The words of the record: fields, actions and enumerations of format v 1 (spec/entry.md §3). No dependency: the
// auditor's verifier reads this file too.

export const FORMAT_VERSION = 1

/** The member of a record's details that says what was masked. */
export const MASKED_MEMBER = 'masked'
/** The member of a record's details that says why its recipient should not have been given this. */
export const RECIPIENT_FINDING_MEMBER = 'recipient_finding'
/** The member of a record's details that says which detectors failed to look at it. */
export const UNDETECTED_MEMBER = 'undetected'
/** The member of details that says whether a user told of somebody's health. */
export const PHI_FOUND_MEMBER = 'phi_found'
/** Members of details that are the ledger's: no caller writes them. */
export const OWN_MEMBERS: readonly string[] = [
  MASKED_MEMBER,
  RECIPIENT_FINDING_MEMBER,
  UNDETECTED_MEMBER,
  PHI_FOUND_MEMBER,
]

/** Entry bytes: what a C2SP entry bundle can carry. */
export const MAX_ENTRY_BYTES = 65_535
/** Canonical bytes of a draft; the rest is room for what the ledger adds. */
export const MAX_DRAFT_BYTES = 64_000
/** Bytes of one body of content. */
export const MAX_BODY_BYTES = 134_217_728
/** A larger body is kept before its record, chunk by chunk (spec/vault.md §6). */
export const LARGE_BODY_BYTES = 262_144
/** Bodies of one record. */
export const MAX_CONTENTS = 64
/** UTF-8 bytes of one identifier or label. */
export const MAX_LABEL_BYTES = 256
/** Bytes of one word of a controlled vocabulary. */
export const MAX_WORD_BYTES = 64

/** What an agent does. */
export const AGENT_ACTIONS = [
  'conversation_started',
  'user_message_received',
  'agent_response_generated',
  'agent_response_delivered',
  'model_invoked',
  'tool_invoked',
  'tool_completed',
  'data_accessed',
  'data_modified',
  'data_disclosed',
  'prompt_changed',
  'model_changed',
  'access_granted',
  'access_revoked',
  'access_denied',
  'approval_requested',
  'approval_decided',
  'agent_failed',
  'conversation_ended',
] as const

/** What the ledger does to itself, or is done to it. */
export const LEDGER_ACTIONS = [
  'logging_started',
  'logging_stopped',
  'logging_degraded',
  'logging_resumed',
  'telemetry_received',
  'records_viewed',
  'content_revealed',
  'pseudonym_resolved',
  'records_exported',
  'integrity_verified',
  'policy_changed',
  'hold_placed',
  'hold_released',
  'records_archived',
  'records_restored',
  'records_disposed',
  'content_erased',
  'key_rotated',
  'clock_stepped',
  'append_conflicted',
  'draft_rejected',
] as const

/** Facts that arrive after the record they are about. */
export const LATE_ACTIONS = [
  'record_amended',
  'record_reclassified',
  'content_linked',
  'retention_anchor_recorded',
  'subject_linked',
  'subject_unlinked',
] as const

/** What people do about the records. */
export const HUMAN_ACTIONS = [
  'review_completed',
  'access_reviewed',
  'break_glass_used',
  'incident_opened',
  'incident_closed',
  'request_received',
  'request_decided',
] as const

export const ACTIONS: readonly BuiltInAction[] = [
  ...AGENT_ACTIONS,
  ...LEDGER_ACTIONS,
  ...LATE_ACTIONS,
  ...HUMAN_ACTIONS,
]

/** Actions that only the ledger itself may record: a caller who could write them could forge its history. */
export const RESERVED_ACTIONS: ReadonlySet<string> = new Set([
  'logging_started',
  'records_viewed',
  'content_revealed',
  'pseudonym_resolved',
  'records_exported',
  'integrity_verified',
  'policy_changed',
  'hold_placed',
  'hold_released',
  'records_archived',
  'records_restored',
  'records_disposed',
  'content_erased',
  'key_rotated',
  'clock_stepped',
  'append_conflicted',
  'draft_rejected',
])

export type BuiltInAction =
  | (typeof AGENT_ACTIONS)[number]
  | (typeof LEDGER_ACTIONS)[number]
  | (typeof LATE_ACTIONS)[number]
  | (typeof HUMAN_ACTIONS)[number]
/** An application's own action carries a dot: `clinic.referral_sent`. */
export type ApplicationAction = `${string}.${string}`
export type Action = BuiltInAction | ApplicationAction

export const APPLICATION_ACTION: RegExp = /^[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+$/
/** Any action, also those that a later release or another application knows. At most MAX_LABEL_BYTES long. */
export const ACTION: RegExp = /^[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*$/

/** A word of a controlled vocabulary, at most MAX_WORD_BYTES long. */
export const WORD: RegExp = /^[a-z][a-z0-9_]*$/
/** UUIDv7 or UUIDv8 (RFC 9562), lower-case. */
export const UUID: RegExp = /^[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

export const OUTCOMES = ['success', 'failure', 'denied', 'error'] as const
export const ACTOR_TYPES = ['user', 'agent', 'admin', 'system'] as const
/** Ordered: a later one is stricter. */
export const CLASSIFICATIONS = ['public', 'internal', 'confidential', 'restricted'] as const
export const ASSURANCES = ['recorded', 'observed', 'imported'] as const
/** What is an agent's own, under the name of the agent, and so no person's (spec/authority.md §1). */
export const AGENT_RESOURCES: readonly string[] = ['agent_prompt', 'agent_model']
/** How data is touched. */
export const ACCESSES = ['read', 'write', 'disclose'] as const

export const DEFAULT_CLASSIFICATION = 'restricted'
export const DEFAULT_RETENTION_CLASS = 'default'

export type Outcome = (typeof OUTCOMES)[number]
export type ActorType = (typeof ACTOR_TYPES)[number]
export type Classification = (typeof CLASSIFICATIONS)[number]
export type Assurance = (typeof ASSURANCES)[number]
export type Access = (typeof ACCESSES)[number]

/** The stricter of two classifications. */
export function stricter(a: Classification, b: Classification): Classification {
  return CLASSIFICATIONS.indexOf(a) < CLASSIFICATIONS.indexOf(b) ? b : a
}

/** How a field is written; spec/entry.md §3 has the rule of each kind, field-rules.ts reads by it. */
export type FieldKind =
  | 'action'
  | 'outcome'
  | 'actor_type'
  | 'classification'
  | 'assurance'
  | 'label'
  | 'id'
  | 'ids'
  | 'word'
  | 'words'
  | 'uuid'
  | 'timestamp'
  | 'integer'
  | 'hash'
  | 'link'
  | 'salt'
  | 'source'
  | 'object'
  | 'contents'
  | 'algorithm'
  | 'labels'
  | 'trace_id'
  | 'span_id'

/** Every field an entry of v 1 may have, in canonical order. Another field is an error. */
export const ENTRY_FIELDS: Readonly<Record<string, { kind: FieldKind; required: boolean; set: 'caller' | 'ledger' }>> =
  {
    action: { kind: 'action', required: true, set: 'caller' },
    actor_id: { kind: 'id', required: true, set: 'caller' },
    actor_type: { kind: 'actor_type', required: true, set: 'caller' },
    agent_name: { kind: 'label', required: false, set: 'caller' },
    agent_version: { kind: 'label', required: false, set: 'caller' },
    assurance: { kind: 'assurance', required: true, set: 'caller' },
    compliance_domains: { kind: 'words', required: false, set: 'caller' },
    content: { kind: 'contents', required: false, set: 'caller' },
    conversation_id: { kind: 'id', required: false, set: 'caller' },
    conversation_previous_hash: { kind: 'link', required: false, set: 'ledger' },
    conversation_seq: { kind: 'integer', required: false, set: 'ledger' },
    data_classification: { kind: 'classification', required: true, set: 'caller' },
    details: { kind: 'object', required: false, set: 'caller' },
    draft_commitment: { kind: 'hash', required: true, set: 'ledger' },
    grant_id: { kind: 'id', required: false, set: 'caller' },
    id: { kind: 'uuid', required: true, set: 'caller' },
    ledger: { kind: 'label', required: true, set: 'ledger' },
    model: { kind: 'label', required: false, set: 'caller' },
    on_behalf_of: { kind: 'id', required: false, set: 'caller' },
    outcome: { kind: 'outcome', required: false, set: 'caller' },
    outcome_reason: { kind: 'label', required: false, set: 'caller' },
    parent_id: { kind: 'uuid', required: false, set: 'caller' },
    previous_hash: { kind: 'link', required: true, set: 'ledger' },
    producer_id: { kind: 'id', required: false, set: 'caller' },
    producer_seq: { kind: 'integer', required: false, set: 'caller' },
    prompt_version: { kind: 'label', required: false, set: 'caller' },
    purpose: { kind: 'label', required: false, set: 'caller' },
    recorded_at: { kind: 'timestamp', required: true, set: 'ledger' },
    resource_id: { kind: 'id', required: false, set: 'caller' },
    resource_type: { kind: 'word', required: false, set: 'caller' },
    retention_class: { kind: 'word', required: true, set: 'caller' },
    salt: { kind: 'salt', required: true, set: 'ledger' },
    seq: { kind: 'integer', required: true, set: 'ledger' },
    source: { kind: 'source', required: false, set: 'caller' },
    subject_ids: { kind: 'ids', required: false, set: 'caller' },
    timestamp: { kind: 'timestamp', required: true, set: 'caller' },
    v: { kind: 'integer', required: true, set: 'ledger' },
  }

/** The members of a source, in canonical order; each may be left out. */
export const SOURCE_FIELDS: Readonly<Record<keyof Source, FieldKind>> = {
  host: 'label',
  ip: 'label',
  service: 'label',
  span_id: 'span_id',
  trace_id: 'trace_id',
}

/** Where an act came from. */
export interface Source {
  ip?: string
  host?: string
  service?: string
  /** W3C trace id: 32 lower-case hex digits. */
  trace_id?: string
  /** W3C span id: 16 lower-case hex digits. */
  span_id?: string
}

export const CONTENT_ALGORITHM = 'aes-256-gcm-chunked'

/** The members of a content reference, in canonical order; none may be left out. */
export const CONTENT_FIELDS: Readonly<Record<keyof ContentReference, FieldKind>> = {
  algorithm: 'algorithm',
  blob_id: 'label',
  ciphertext_sha256: 'hash',
  commitment: 'hash',
  key_id: 'label',
  media_type: 'label',
  name: 'label',
  plain_size: 'integer',
  sealed_size: 'integer',
  subject_ids: 'labels',
}

/** A sealed payload that belongs to a record (spec/entry.md §5). The payload itself lies in the vault. */
export interface ContentReference {
  name: string
  blob_id: string
  media_type: string
  /** Bytes before sealing. */
  plain_size: number
  /** Bytes as stored. */
  sealed_size: number
  /** SHA-256 of the stored bytes, lower-case hex: checked without any key. */
  ciphertext_sha256: string
  algorithm: typeof CONTENT_ALGORITHM
  /** HMAC-SHA-256 of the plain bytes under a salt that is sealed with them, lower-case hex. */
  commitment: string
  key_id: string
  /** The persons this payload is about, sorted; empty where it is about none. */
  subject_ids: string[]
}

/** What a caller hands in: the record without what the ledger adds. */
export interface Draft {
  /** UUIDv7 (UUIDv8 for imports and telemetry): the idempotency key. Made here where it is left out. */
  id?: string
  /** When it happened: UTC, RFC 3339 with milliseconds, `2026-11-21T09:30:00.000Z`. The ledger's clock where left out. */
  timestamp?: string
  action: Action
  outcome?: Outcome
  outcome_reason?: string
  actor_id: string
  actor_type: ActorType
  /** The human principal behind an agent's act. */
  on_behalf_of?: string
  agent_name?: string
  agent_version?: string
  model?: string
  prompt_version?: string
  producer_id?: string
  /** The producer's own running number, from 0. */
  producer_seq?: number
  conversation_id?: string
  /** The id of the record that caused this one. */
  parent_id?: string
  resource_type?: string
  resource_id?: string
  /** A set; stored sorted. */
  subject_ids?: string[]
  purpose?: string
  grant_id?: string
  source?: Source
  /** Metadata: counts, names, labels, digests. Never content. */
  details?: { [key: string]: unknown }
  /** `restricted` where left out. */
  data_classification?: Classification
  /** A set; stored sorted. */
  compliance_domains?: string[]
  /** `default` where left out: kept until classified. */
  retention_class?: string
  /** `recorded` where left out. */
  assurance?: Assurance
  /** What was said, asked or answered, word for word: sealed before it is kept, and referred to in the record. */
  content?: DraftContent[]
}

/** Content as a caller hands it in. A file of any size is `await openAsBlob(path)` of node:fs. */
export interface DraftContent {
  /** What it is to the record: `message`, `arguments`, `result`. A name stands once in a record. */
  name: string
  media_type: string
  /** A text is its UTF-8. At most MAX_BODY_BYTES. */
  body: string | Uint8Array | Blob
  /** The persons it is about; those of the record where left out. */
  subject_ids?: string[]
}

/** A record as it stands in the ledger: every field of its entry, and the hash of the entry. */
export interface AuditRecord extends Omit<Draft, 'content'> {
  v: number
  ledger: string
  seq: number
  id: string
  salt: string
  timestamp: string
  recorded_at: string
  conversation_seq?: number
  conversation_previous_hash?: string
  content?: ContentReference[]
  data_classification: Classification
  retention_class: string
  assurance: Assurance
  draft_commitment: string
  previous_hash: string
  integrity_hash: string
}
