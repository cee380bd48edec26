// The verdict on a whole log: the joined stretches, the checkpoints kept with it, and the anchors outside it.

import { equalBytes } from '../bytes/compare.ts'
import { toHex } from '../bytes/hex.ts'
import { utf8 } from '../bytes/text.ts'
import type { Hash } from '../crypto/sha256.ts'
import { parseCheckpointBody } from '../formats/checkpoint.ts'
import { parseNote } from '../formats/note.ts'
import { formatVerifierKey } from '../formats/verifier-key.ts'
import { type Finding, type FindingList, finding } from './finding.ts'
import type { JoinedLog } from './join.ts'
import { gapsOf } from './numbers.ts'
import { type Report, report } from './report.ts'
import {
  countedCheckpoints,
  createNoteReader,
  type HeldCheckpoint,
  type NamedKeys,
  namedKeys,
  type Trust,
} from './trust.ts'

/** A checkpoint as kept with the log. */
export interface KeptCheckpoint {
  /** The size it is listed under. */
  readonly size: number
  readonly note: string
  /** Cosignature lines kept apart from the note. */
  readonly cosignatures: readonly string[]
}

/** Checkpoints kept outside the log. */
export interface Anchor {
  /** `local`: under the ledger's own account or host. `external`: kept by whoever verifies. */
  readonly kind: 'local' | 'external'
  /** For people: `same directory`, a path. */
  readonly where: string
  readonly notes: readonly string[]
  /** Places of the anchor that could not be read. */
  readonly faults: readonly string[]
}

export interface LogEvidence {
  readonly origin: string
  readonly trust: Trust
  readonly joined: JoinedLog
  readonly checkpoints: readonly KeptCheckpoint[]
  readonly anchors: readonly Anchor[]
  /** What else could not be checked, in words. */
  readonly notChecked: readonly string[]
}

interface Judged {
  readonly counted: readonly HeldCheckpoint[]
  readonly named: NamedKeys
}

/** Weighs the evidence of a whole log. Adds to the findings of `joined`. */
export function judgeLog(evidence: LogEvidence): Report {
  const { joined, origin, trust } = evidence
  const { findings } = joined
  const named = namedKeys(joined.keyEntries)
  const held = readCheckpoints(evidence, named)
  const judged: Judged = { counted: countedCheckpoints(held, trust, named), named }
  compareRoots(held, joined, findings)
  const anchored = checkAnchors(evidence, named, findings)
  checkProducers(joined, findings)
  if (joined.size > 0 && judged.counted.length === 0) findings.add(noTrustedCheckpoint(held, trust))
  const newest = judged.counted.at(-1)
  return report({
    subject: { kind: 'ledger', origin, size: joined.size, ...rootOf(joined) },
    checked: joined.checked,
    findings,
    entries: joined.size === 0 ? 'none' : 'some',
    axes: {
      content: { verdict: 'intact', says: 'intact' },
      order: { verdict: 'intact', says: 'intact' },
      completeness: completeness(joined),
      signer: signer(judged, trust),
      time: time(judged),
      anchor: anchorAxis(anchored, joined.size),
    },
    notChecked: notChecked(evidence, newest?.size ?? 0, anchored),
  })
}

function rootOf({ roots, size }: JoinedLog): { root?: string } {
  const root = roots.get(size)
  return root === undefined ? {} : { root: toHex(root) }
}

function readCheckpoints({ origin, trust, checkpoints, joined }: LogEvidence, named: NamedKeys): HeldCheckpoint[] {
  const read = createNoteReader(origin, trust, named)
  const held: HeldCheckpoint[] = []
  for (const { size, note, cosignatures } of checkpoints) {
    const what = `checkpoint of size ${size}`
    const whole = read(note + cosignatures.map((line) => `${line}\n`).join(''), what)
    if ('found' in whole) joined.findings.add(asTampered(whole.found))
    else if (whole.held.size !== size)
      joined.findings.add(finding('checkpoint-unreadable', { what }, `it says size ${whole.held.size}`))
    else if (whole.held.signers.length !== countLines(note) + cosignatures.length) {
      joined.findings.add(
        finding('signature-invalid', { what }, 'it carries a line of a key that the log does not name'),
      )
    } else held.push(whole.held)
  }
  return held
}

// The log wrote these notes itself: one that none of its keys has signed, or of another log, was put there.
function asTampered(found: Finding): Finding {
  return { ...found, weight: 'tampered' }
}

function countLines(note: string): number {
  return note.slice(note.lastIndexOf('\n\n') + 2).split('\n').length - 1
}

function compareRoots(held: readonly HeldCheckpoint[], joined: JoinedLog, findings: FindingList): void {
  let agreedUntil = 0
  for (const { size, root } of [...held].sort((a, b) => a.size - b.size)) {
    const found = compareRoot(`checkpoint of size ${size}`, size, root, agreedUntil, joined, 'root-mismatch')
    if (found === undefined) agreedUntil = size
    else {
      // What is wrong below one checkpoint is wrong below every later one: said once.
      findings.add(found)
      return
    }
  }
}

function compareRoot(
  what: string,
  size: number,
  root: Hash,
  agreedUntil: number,
  joined: JoinedLog,
  code: 'root-mismatch' | 'anchor-mismatch',
): Finding | undefined {
  if (size > joined.size) {
    const gone = size - joined.size
    const problem = `it covers ${size} entries, but the log has ${joined.size}: the last ${gone} ${gone === 1 ? 'is' : 'are'} gone`
    return finding('tail-cut', { seq: joined.size, what }, problem)
  }
  const computed = size === 0 ? undefined : joined.roots.get(size)
  if (size === 0 || (computed !== undefined && equalBytes(computed, root))) return undefined
  if (computed === undefined)
    return finding(
      code,
      { seq: joined.holedFrom ?? agreedUntil, what },
      'its tree cannot be computed: entries are missing',
    )
  return finding(
    code,
    { seq: agreedUntil, what },
    `another history was signed: the log differs between seq ${agreedUntil} and ${size - 1}`,
  )
}

interface Anchored {
  readonly kind: Anchor['kind']
  readonly where: string
  readonly until: number
}

function checkAnchors(evidence: LogEvidence, named: NamedKeys, findings: FindingList): Anchored[] {
  return evidence.anchors.flatMap((anchor) => {
    const until = checkAnchor(anchor, evidence, named, findings)
    return until === undefined ? [] : [{ kind: anchor.kind, where: anchor.where, until }]
  })
}

/** The size up to which the anchor agrees; `undefined` where it says nothing about this log. */
function checkAnchor(
  anchor: Anchor,
  evidence: LogEvidence,
  named: NamedKeys,
  findings: FindingList,
): number | undefined {
  const { origin, trust, joined } = evidence
  const read = createNoteReader(origin, trust, named)
  for (const fault of anchor.faults) findings.add(finding('anchor-unreadable', { what: anchor.where }, fault))
  const held: HeldCheckpoint[] = []
  for (const note of anchor.notes) {
    const answer = read(note, anchor.where)
    if ('held' in answer) held.push(answer.held)
    else if (answer.found.code !== 'wrong-origin')
      findings.add(contradiction(anchor, note, evidence) ?? anchorFinding(anchor, answer.found))
  }
  let until: number | undefined
  for (const { size, root } of held.sort((a, b) => a.size - b.size)) {
    const found = compareRoot(
      `${anchor.where}, checkpoint of size ${size}`,
      size,
      root,
      until ?? 0,
      joined,
      'anchor-mismatch',
    )
    if (found !== undefined) {
      findings.add(found)
      return until
    }
    until = size
  }
  checkReleased(anchor, held, evidence.checkpoints, findings)
  return until
}

// A checkpoint of this log by a key that the log does not name: where its tree is another one, the log was rewritten.
function contradiction({ where }: Anchor, note: string, { origin, joined }: LogEvidence): Finding | undefined {
  const parsed = parseNote(utf8(note))
  const body = 'code' in parsed ? parsed : parseCheckpointBody(parsed.text)
  if ('code' in body || body.origin !== origin) return undefined
  return compareRoot(`${where}, checkpoint of size ${body.size}`, body.size, body.root, 0, joined, 'anchor-mismatch')
}

function anchorFinding({ kind, where }: Anchor, found: Finding): Finding {
  if (found.code === 'no-trusted-signature') {
    const weak = finding('anchor-untrusted', { what: where }, 'a checkpoint in it is signed by no key at hand')
    return kind === 'local' ? asTampered(weak) : weak
  }
  return { ...finding('anchor-unreadable', { what: where }, found.problem) }
}

// What the database released stands in the log outside, as long as that log reaches: a record cut out of it shows.
function checkReleased(
  anchor: Anchor,
  held: readonly HeldCheckpoint[],
  kept: readonly KeptCheckpoint[],
  findings: FindingList,
): void {
  const [first, last] = [held[0]?.size, held.at(-1)?.size]
  if (anchor.kind === 'external' || first === undefined || last === undefined) return
  const there = new Set(held.map(({ size }) => size))
  const removed = kept.find(({ size }) => size >= first && size <= last && !there.has(size))
  if (removed === undefined) return
  findings.add(
    finding(
      'checkpoint-removed',
      { what: anchor.where },
      `the checkpoint of size ${removed.size} is not in it any more`,
    ),
  )
}

function checkProducers({ producers, keyEntries }: JoinedLog, findings: FindingList): void {
  const restored = keyEntries.some(({ seq, details }) => seq === 0 && details.start === 'after-restore')
  for (const [producer, numbers] of producers) {
    const first = restored ? (numbers[0]?.[0] ?? 0) : 0
    for (const [from, to] of gapsOf(numbers, first)) {
      const lost = from === to ? `number ${from} never` : `numbers ${from} to ${to} never`
      findings.add(finding('producer-gap', { what: `producer ${producer}` }, `${lost} arrived`))
    }
  }
}

function noTrustedCheckpoint(held: readonly HeldCheckpoint[], trust: Trust): Finding {
  if (held.length === 0) return finding('no-checkpoint', {}, 'the log has no checkpoint: nobody has signed it')
  const whose = trust.kind === 'pinned' ? 'the pinned key' : 'the key that entry 0 names'
  return finding('no-trusted-signature', {}, `no checkpoint is signed by ${whose}`)
}

function completeness({ size, uninterpreted }: JoinedLog): Report['axes']['completeness'] {
  if (size === 0) return { verdict: 'empty', says: 'no entries' }
  const strange = uninterpreted === 0 ? '' : `; ${uninterpreted} of a later format, hashed but not interpreted`
  return { verdict: 'complete', says: `complete 0..${size - 1}${strange}` }
}

function signer({ counted }: Judged, trust: Trust): Report['axes']['signer'] {
  const newest = counted.at(-1)
  const key = newest?.signers.find(({ type }) => type === 'ed25519')
  if (newest === undefined || key === undefined) return { verdict: 'unsigned', says: 'unsigned' }
  const says = `${formatVerifierKey(key)}, until ${newest.size}`
  return trust.kind === 'pinned'
    ? { verdict: 'pinned key', says: `pinned key ${says}` }
    : {
        verdict: 'first-use key',
        says: `first-use key ${says}: taken from the ledger itself, compare it with one you were given`,
      }
}

function time({ counted }: Judged): Report['axes']['time'] {
  const seconds = counted.flatMap(({ times }) => times)
  if (seconds.length === 0) return { verdict: 'asserted', says: 'asserted by the ledger in its records only' }
  const newest = new Date(Math.max(...seconds.slice(-1000)) * 1000).toISOString()
  return { verdict: 'asserted', says: `asserted by the ledger, last at ${newest}` }
}

function anchorAxis(anchored: readonly Anchored[], size: number): Report['axes']['anchor'] {
  const best = anchored.toSorted((a, b) => rank(b) - rank(a))[0]
  if (best === undefined)
    return { verdict: 'none', says: 'none: a rewrite by whoever holds the key would not be noticed' }
  const until = Math.max(...anchored.filter(({ kind }) => kind === best.kind).map((anchor) => anchor.until))
  const tail = size - until
  const beyond = tail > 0 ? `; the last ${tail} ${tail === 1 ? 'entry is' : 'entries are'} unanchored` : ''
  return { verdict: best.kind, says: `${best.kind} (${best.where}), until ${until}${beyond}` }
}

function rank({ kind, until }: Anchored): number {
  return until + (kind === 'external' ? Number.MAX_SAFE_INTEGER / 2 : 0)
}

function notChecked(
  { notChecked: other, trust, joined }: LogEvidence,
  signedUntil: number,
  anchored: readonly Anchored[],
): string[] {
  const list = [...other]
  if (joined.size > signedUntil)
    list.push(`entries ${signedUntil} to ${joined.size - 1}: chained, but no counted checkpoint covers them yet`)
  if (trust.kind === 'first use') list.push('the key: none was pinned (--vkey)')
  if (!anchored.some(({ kind }) => kind === 'external'))
    list.push('a rewrite of everything with the real key: no external anchor was given (--anchor)')
  if (joined.uninterpreted > 0)
    list.push(`${joined.uninterpreted} entries of a format that this version does not know: hashed, not interpreted`)
  list.push('times: the ledger’s own claims, no time-stamping authority has attested them')
  return list
}
