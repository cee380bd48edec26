// The built-in roles and what each may do (spec/access.md §2). Least privilege: a role may what its line says, and nothing else.

/** What can be done with a ledger, and is somebody's to be allowed. */
export const ACTS = [
  'search',
  'verify',
  'export',
  'readers',
  'reveal',
  'resolve',
  'link',
  'plan-erasure',
  'approve-erasure',
  'erase',
  'plan-retention',
  'hold',
  'release-hold',
  'approve-release',
  'archive',
  'hand-out-keys',
  'plan-disposition',
  'approve-disposition',
  'dispose',
  'operate',
  'append',
  'administer',
] as const
export type Act = (typeof ACTS)[number]

export const ROLE_NAMES = [
  'reader',
  'auditor',
  'content_reader',
  'privacy_officer',
  'erasure_approver',
  'records_officer',
  'records_approver',
  'operator',
  'writer',
  'administrator',
] as const
export type Role = (typeof ROLE_NAMES)[number]

/** The roles of whoever signs approvals: each needs a key of their own. */
export const APPROVER_ROLES: readonly Role[] = ['erasure_approver', 'records_approver']

const READER: readonly Act[] = ['search']
const AUDITOR: readonly Act[] = [...READER, 'verify', 'export', 'readers', 'plan-retention']

export const ROLES: Readonly<Record<Role, readonly Act[]>> = {
  reader: READER,
  auditor: AUDITOR,
  content_reader: [...READER, 'reveal'],
  privacy_officer: [...AUDITOR, 'reveal', 'resolve', 'link', 'plan-erasure', 'erase'],
  erasure_approver: ['approve-erasure'],
  records_officer: [
    ...READER,
    'plan-retention',
    'hold',
    'release-hold',
    'archive',
    'hand-out-keys',
    'plan-disposition',
    'dispose',
  ],
  records_approver: ['approve-release', 'approve-disposition'],
  operator: ['operate'],
  writer: ['append'],
  administrator: [...READER, 'verify', 'plan-retention', 'readers', 'operate', 'administer'],
}

/** Begins a sentence about an act. */
export const ACT_WORDS: Readonly<Record<Act, string>> = {
  search: 'reading records',
  verify: 'verifying the ledger',
  export: 'exporting records',
  readers: 'seeing who has read',
  reveal: 'revealing content',
  resolve: 'resolving a token to a person',
  link: 'linking, reclassifying or amending records',
  'plan-erasure': 'planning an erasure',
  'approve-erasure': 'approving an erasure',
  erase: 'carrying out an erasure',
  'plan-retention': 'seeing how long records are kept',
  hold: 'placing a hold',
  'release-hold': 'releasing a hold',
  'approve-release': 'approving the release of a hold',
  archive: 'archiving and restoring records',
  'hand-out-keys': 'handing out keys of the archive',
  'plan-disposition': 'planning a disposition',
  'approve-disposition': 'approving a disposition',
  dispose: 'carrying out a disposition',
  operate: 'rotating keys and confirming the clock',
  append: 'writing records',
  administer: 'seeing who may do what, and making and revoking API keys',
}
