// affidavit approver-key and affidavit approve, as people use them.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { linesOf } from '../src/cli/describe-plan.ts'
import { judgeErasureApproval } from '../src/erasure/judge-approval.ts'
import { type ErasurePlan, formatPlan } from '../src/erasure/plan.ts'
import { parseNote } from '../src/formats/note.ts'
import { formatSignerKey, generateSignerKey, parseSignerKey } from '../src/formats/signer-key.ts'
import { formatVerifierKey } from '../src/formats/verifier-key.ts'
import { parseApprovalText } from '../src/papers/approval.ts'
import { golden, goldenPolicy, HOLD, heldAt, keptAt } from './erasure-vectors.ts'
import { errorCode, json, run } from './run-cli.ts'

const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-approve-'))
const key = join(base, 'kim.key')
const plan: ErasurePlan = { ...golden.plan, made_at: '2026-01-01T00:00:00.000Z' }
let vkey = ''

before(async () => {
  const made = await run(['approver-key', '--out', key, '--name', 'approver/kim'])
  assert.equal(made.code, 0, made.err)
  vkey = made.out.trimEnd()
})
after(() => rmSync(base, { recursive: true, force: true }))

let files = 0
function newPath(): string {
  return join(base, `file-${files++}`)
}
function fileOf(bytes: Uint8Array | string): string {
  const path = newPath()
  writeFileSync(path, bytes)
  return path
}

describe('approver-key', () => {
  test('an approver’s key is for its owner alone, and the line for the policy is what is printed', () => {
    assert.equal(statSync(key).mode & 0o777, 0o600)
    const signer = parseSignerKey(readFileSync(key, 'utf8').trimEnd())
    assert.ok(!('code' in signer))
    assert.equal(formatVerifierKey(signer.verifierKey), vkey)
    assert.equal(signer.verifierKey.type, 'ed25519')
    assert.match(vkey, /^approver\/kim\+/)
    assert.deepEqual(
      readdirSync(base).filter((name) => name.endsWith('.tmp')),
      [],
    )
  })

  test('a key is never written over a file, nor said', async () => {
    const secret = readFileSync(key, 'utf8')
    const again = await run(['approver-key', '--out', key, '--json'])
    assert.deepEqual([again.code, errorCode(again)], [3, 'invalid-query'])
    assert.equal(readFileSync(key, 'utf8'), secret)
    const other = newPath()
    const made = await run(['approver-key', '--out', other, '--json'])
    assert.match(String(json(made).approval_key), /^approver\+/)
    assert.doesNotMatch(made.out + made.err, /PRIVATE/)
  })

  test('a name that no key can have, and a folder that is not there, are refused, and no file is left', async () => {
    for (const [out, name] of [
      [newPath(), 'kim miller'],
      [newPath(), ''],
      [join(base, 'nowhere', 'key'), 'kim'],
    ] as const) {
      const answer = await run(['approver-key', '--out', out, '--name', name, '--json'])
      assert.deepEqual([answer.code, errorCode(answer)], [3, 'invalid-query'])
      assert.equal(existsSync(out), false)
    }
  })
})

function approve(file: string, out: string, ...more: string[]): ReturnType<typeof run> {
  return run(['approve', file, '--key', key, '--as', 'kim', '--out', out, ...more])
}

describe('approve', () => {
  test('the plan is shown in words, and what is signed is judged as approved', async () => {
    const out = newPath()
    const answer = await approve(fileOf(formatPlan(plan)), out)
    assert.equal(answer.code, 0, answer.err)
    assert.equal(answer.out, '')
    for (const line of linesOf(plan)) assert.ok(answer.err.includes(line), line)
    assert.match(answer.err, /approved for 30 days, as kim/)
    const policy = goldenPolicy((text) => text.replace(/approver\/kim\+[^"]*/, vkey))
    const judged = judgeErasureApproval(readFileSync(out), { ledger: plan.ledger, plan, policy, at: Date.now() })
    assert.ok(!('code' in judged), JSON.stringify(judged))
  })

  test('a refusal is signed too', async () => {
    const out = newPath()
    const refused: ErasurePlan = {
      ...plan,
      refused: [heldAt(3)],
      refused_count: 1,
    }
    const answer = await approve(fileOf(formatPlan(refused)), out, '--refuse', '--json')
    assert.equal(answer.code, 0, answer.out)
    const { decision, approver, file } = json(answer)
    assert.deepEqual([decision, approver, file], ['refuse', 'kim', out])
    const note = parseNote(readFileSync(out))
    assert.ok(!('code' in note))
    assert.equal(parseApprovalText('erasure', note.text)?.decision, 'refuse')
  })

  test('whoever approves a disposition does not sign an erasure by it', async () => {
    const [file, out] = [fileOf(formatPlan(plan)), newPath()]
    const answer = await run(['dispose', 'approve', file, '--key', key, '--as', 'kim', '--out', out, '--json'])
    assert.deepEqual([answer.code, errorCode(answer)], [3, 'invalid-query'], answer.out)
    assert.match(String(Object(json(answer).error).problem), /for another act \(erasure\)/)
    assert.equal(existsSync(out), false)
  })

  const refusal = heldAt(3)
  const wrong: Readonly<Record<string, () => readonly [file: string, says: RegExp, ...more: string[]]>> = {
    'a plan that is none': () => [fileOf('{}'), /paper-other-kind/],
    'a plan with a member that it cannot have': () => [
      fileOf(Buffer.from(formatPlan(plan)).toString().replace('"gdpr_17"', '"GDPR"')),
      /paper-member: basis is no word/,
    ],
    'a plan of one’s own': () => [fileOf(formatPlan({ ...plan, made_by: 'kim' })), /made this plan yourself/],
    'a plan of one’s own, to refuse it': () => [
      fileOf(formatPlan({ ...plan, made_by: 'kim' })),
      /yourself/,
      '--refuse',
    ],
    'a plan with records that must stay readable': () => [
      fileOf(formatPlan({ ...plan, refused: [refusal], refused_count: 1 })),
      /must stay readable/,
    ],
    'a plan of tomorrow': () => [
      fileOf(formatPlan({ ...plan, made_at: '9000-01-01T00:00:00.000Z' })),
      /this clock says/,
    ],
    'a plan that is not there': () => [join(base, 'none'), /cannot read/],
    'a key that is none': () => [fileOf(formatPlan(plan)), /no approver key/, '--key', fileOf('kim')],
    'a key of a cosigner': () => [
      fileOf(formatPlan(plan)),
      /cosignature\/v1/,
      '--key',
      fileOf(formatSignerKey(generateSignerKey('kim', 'cosignature/v1'))),
    ],
    'a name that nobody can have': () => [fileOf(formatPlan(plan)), /this name holds/, '--as', 'kim\napprove'],
  }
  for (const [name, make] of Object.entries(wrong)) {
    test(`not signed: ${name}`, async () => {
      const [file, says, ...more] = make()
      const out = newPath()
      const answer = await approve(file, out, ...more, '--json')
      assert.deepEqual([answer.code, errorCode(answer)], [3, 'invalid-query'], answer.out)
      assert.match(String(Object(json(answer).error).problem), says)
      assert.doesNotMatch(answer.out + answer.err, /PRIVATE/)
      assert.equal(existsSync(out), false)
    })
  }

  test('not signed: over a file that is there', async () => {
    const out = fileOf('mine')
    const answer = await approve(fileOf(formatPlan(plan)), out)
    assert.equal(answer.code, 3)
    // Said before anything else is done.
    assert.doesNotMatch(answer.err, /gdpr_17/)
    assert.equal(readFileSync(out, 'utf8'), 'mine')
  })
})

test('everything that a plan says is shown, but the ids', () => {
  const many: ErasurePlan = {
    ...plan,
    made_by: 'dr.lee\u202e',
    refused: [{ ...heldAt(7), policies: ['hipaa'] }, keptAt(8)],
    refused_count: 2,
    shared_count: 101,
  }
  const lines = linesOf(many)
  const shown = lines.join('\n')
  for (const said of [
    plan.plan_id,
    plan.ledger,
    'gdpr_17: request 2026-117',
    'the keys of 2 subjects and 2 conversations',
    '3 payloads of 3 records, 18,204 bytes',
    'seq 3, seq 17, seq 40',
    '101 payloads that others lose too',
    'seq 17, result: 1 other',
    'and 100 more',
    '7 records under keys of what was linked later',
    '2 payloads would be lost too: the stored content key is not the recorded one',
    'seq 9, seq 12',
    'run affidavit verify --content, and bring them back from a backup first',
    '2 records must stay readable',
    `seq 7, hold hipaa: hold ${HOLD}; kept by hipaa; until that is over`,
    'seq 8, minimum_retention hipaa: kept by hipaa; until 2032-11-23',
    'backup keyring backup of 2026-11-20, safe 2: known',
    'export export to counsel, 2026-10-02: not-reached',
    ...plan.not_erased,
  ])
    assert.ok(shown.includes(said), said)
  assert.doesNotMatch(shown, /tok_|c-2|\u202e/)
})
