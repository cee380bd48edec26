// Trust policies (c2sp.org/tlog-policy; spec/checkpoint.md §5): the logs and witnesses an auditor trusts, and how many
// of the witnesses must have cosigned. One deviation: the file is UTF-8, where the specification takes any octets.

import { parseDecimal } from '../bytes/decimal.ts'
import { toHex } from '../bytes/hex.ts'
import { decodeUtf8 } from '../bytes/text.ts'
import {
  type KeyType,
  parseVerifierKey,
  sameVerifierKey,
  type VerifierKey,
  type VerifierKeyFault,
} from './verifier-key.ts'

/** The quorum that needs nobody; no witness or group can be called so. */
const NO_QUORUM = 'none'

export interface TrustedLog {
  /** Its name is the log's origin. */
  readonly key: VerifierKey
  readonly url?: string
}

export interface TrustedWitness {
  /** What this file calls the witness: not the name of its key. */
  readonly name: string
  readonly key: VerifierKey
  readonly url?: string
}

/** Has witnessed what at least `threshold` of its members have. */
export interface WitnessGroup {
  readonly name: string
  readonly threshold: number
  readonly members: readonly string[]
}

export interface TrustPolicy {
  readonly logs: readonly TrustedLog[]
  readonly witnesses: readonly TrustedWitness[]
  /** In the order of the file: members stand before the groups that name them. */
  readonly groups: readonly WitnessGroup[]
  /** A witness, a group, or `none`. */
  readonly quorum: string
}

type LineFault =
  | { readonly code: 'policy-not-utf8' }
  | { readonly code: 'policy-control-character' }
  | { readonly code: 'policy-no-final-newline' }
  | { readonly code: 'policy-unknown-keyword' }
  | { readonly code: 'policy-fields'; readonly expected: string }
  | { readonly code: 'policy-key'; readonly cause: VerifierKeyFault }
  | { readonly code: 'policy-key-type'; readonly expected: KeyType; readonly got: KeyType }
  | { readonly code: 'policy-duplicate-key' }
  | { readonly code: 'policy-name-reserved' }
  | { readonly code: 'policy-name-taken'; readonly name: string }
  | { readonly code: 'policy-threshold'; readonly members: number }
  | { readonly code: 'policy-unknown-name'; readonly name: string }
  | { readonly code: 'policy-member-twice'; readonly name: string }
  | { readonly code: 'policy-second-quorum' }
  | { readonly code: 'policy-no-quorum' }

/** What is wrong with a policy file, and on which line, counted from 1. */
export type PolicyFault = { readonly line: number } & LineFault

// What the lines read so far have defined.
interface Draft {
  readonly logs: TrustedLog[]
  readonly witnesses: TrustedWitness[]
  readonly groups: WitnessGroup[]
  /** Witnesses and groups share one namespace. */
  readonly names: Set<string>
  /** Names that stand in a group: each counts in one way only. */
  readonly members: Set<string>
  /** Raw public keys in hex: two vkeys of one public key are one log, or one witness. */
  readonly logKeys: Set<string>
  readonly witnessKeys: Set<string>
  quorum: string | undefined
}

/** Reads a policy file. The first line that is not exactly understood refuses the file. */
export function parseTrustPolicy(bytes: Uint8Array): TrustPolicy | PolicyFault {
  const draft: Draft = {
    logs: [],
    witnesses: [],
    groups: [],
    names: new Set(),
    members: new Set(),
    logKeys: new Set(),
    witnessKeys: new Set(),
    quorum: undefined,
  }
  let line = 0
  for (let at = 0; at < bytes.length; ) {
    line++
    const end = bytes.indexOf(0x0a, at)
    // A last line that was cut could still be well formed, and trust somebody else: `quorum all-four` → `quorum all`.
    if (end === -1) return { line, code: 'policy-no-final-newline' }
    const fault = readLine(draft, bytes.subarray(at, end))
    if (fault !== undefined) return { line, ...fault }
    at = end + 1
  }
  const { logs, witnesses, groups, quorum } = draft
  return quorum === undefined ? { line, code: 'policy-no-quorum' } : { logs, witnesses, groups, quorum }
}

function readLine(draft: Draft, bytes: Uint8Array): LineFault | undefined {
  const text = decodeUtf8(bytes)
  if (text === undefined) return { code: 'policy-not-utf8' }
  if (/[^\t -~\u{80}-\u{10ffff}]/u.test(text)) return { code: 'policy-control-character' }
  // Space and tab only: other white space belongs to names.
  const [keyword, ...fields] = text.split(/[ \t]+/).filter((field) => field !== '')
  if (keyword === undefined || keyword.startsWith('#')) return undefined
  switch (keyword) {
    case 'log':
      return readLog(draft, fields)
    case 'witness':
      return readWitness(draft, fields)
    case 'group':
      return readGroup(draft, fields)
    case 'quorum':
      return readQuorum(draft, fields)
    default:
      // Not quoted: it could be a secret in the wrong place.
      return { code: 'policy-unknown-keyword' }
  }
}

function readLog(draft: Draft, fields: readonly string[]): LineFault | undefined {
  const [vkey, url] = fields
  if (vkey === undefined || fields.length > 2) return { code: 'policy-fields', expected: 'log VKEY [URL]' }
  const key = readKey(vkey, 'ed25519', draft.logKeys)
  if ('code' in key) return key
  draft.logs.push(url === undefined ? { key } : { key, url })
  return undefined
}

function readWitness(draft: Draft, fields: readonly string[]): LineFault | undefined {
  const [name, vkey, url] = fields
  if (name === undefined || vkey === undefined || fields.length > 3) {
    return { code: 'policy-fields', expected: 'witness NAME VKEY [URL]' }
  }
  const key = readKey(vkey, 'cosignature/v1', draft.witnessKeys)
  if ('code' in key) return key
  const fault = define(draft, name)
  if (fault !== undefined) return fault
  draft.witnesses.push(url === undefined ? { name, key } : { name, key, url })
  return undefined
}

function readKey(vkey: string, expected: KeyType, seen: Set<string>): VerifierKey | LineFault {
  const key = parseVerifierKey(vkey)
  if ('code' in key) return { code: 'policy-key', cause: key }
  if (key.type !== expected) return { code: 'policy-key-type', expected, got: key.type }
  const raw = toHex(key.publicKey)
  if (seen.has(raw)) return { code: 'policy-duplicate-key' }
  seen.add(raw)
  return key
}

function define(draft: Draft, name: string): LineFault | undefined {
  if (name === NO_QUORUM) return { code: 'policy-name-reserved' }
  if (draft.names.has(name)) return { code: 'policy-name-taken', name }
  draft.names.add(name)
  return undefined
}

function readGroup(draft: Draft, fields: readonly string[]): LineFault | undefined {
  const [name, rule, ...members] = fields
  if (name === undefined || rule === undefined || members.length === 0) {
    return { code: 'policy-fields', expected: 'group NAME all|any|NUMBER MEMBER...' }
  }
  const threshold = readThreshold(rule, members.length)
  if (threshold === undefined) return { code: 'policy-threshold', members: members.length }
  for (const member of members) {
    if (!draft.names.has(member)) return { code: 'policy-unknown-name', name: member }
    if (draft.members.has(member)) return { code: 'policy-member-twice', name: member }
    draft.members.add(member)
  }
  const fault = define(draft, name)
  if (fault !== undefined) return fault
  draft.groups.push({ name, threshold, members })
  return undefined
}

function readThreshold(rule: string, members: number): number | undefined {
  if (rule === 'all') return members
  if (rule === 'any') return 1
  const threshold = parseDecimal(rule)
  return threshold !== undefined && threshold >= 1 && threshold <= members ? threshold : undefined
}

function readQuorum(draft: Draft, fields: readonly string[]): LineFault | undefined {
  const [name] = fields
  if (name === undefined || fields.length > 1) return { code: 'policy-fields', expected: 'quorum NAME|none' }
  if (draft.quorum !== undefined) return { code: 'policy-second-quorum' }
  if (name !== NO_QUORUM && !draft.names.has(name)) return { code: 'policy-unknown-name', name }
  draft.quorum = name
  return undefined
}

/** How far the quorum is met: `counted` of the `required` members of the quorum have witnessed. */
export interface QuorumTally {
  readonly met: boolean
  readonly required: number
  readonly counted: number
  /** The policy's names of all its witnesses that cosigned, in the order of the file. */
  readonly witnesses: readonly string[]
}

/** Weighs the keys whose cosignatures of one checkpoint hold. A key counts once, however often it stands there. */
export function evaluateQuorum(policy: TrustPolicy, verifiedCosigners: readonly VerifierKey[]): QuorumTally {
  const cosigned = policy.witnesses.filter(({ key }) => verifiedCosigners.some((known) => sameVerifierKey(known, key)))
  const witnesses = cosigned.map(({ name }) => name)
  const witnessed = new Set(witnesses)
  // One pass is enough, and cannot recurse without end: a group stands after its members.
  for (const group of policy.groups) {
    if (countMembers(group, witnessed) >= group.threshold) witnessed.add(group.name)
  }
  const { required, counted } = tally(policy, witnessed)
  return { met: counted >= required, required, counted, witnesses }
}

function tally(policy: TrustPolicy, witnessed: ReadonlySet<string>): { required: number; counted: number } {
  if (policy.quorum === NO_QUORUM) return { required: 0, counted: 0 }
  const group = policy.groups.find(({ name }) => name === policy.quorum)
  if (group !== undefined) return { required: group.threshold, counted: countMembers(group, witnessed) }
  return { required: 1, counted: witnessed.has(policy.quorum) ? 1 : 0 }
}

function countMembers({ members }: WitnessGroup, witnessed: ReadonlySet<string>): number {
  return members.filter((member) => witnessed.has(member)).length
}
