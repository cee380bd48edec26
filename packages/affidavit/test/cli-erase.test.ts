// affidavit erase as people use it: from the plan to the certificate.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { openCertificate } from '../src/erasure/certificate.ts'
import { parsePlan } from '../src/erasure/plan.ts'
import { formatSignerKey, generateSignerKey } from '../src/formats/signer-key.ts'
import { formatVerifierKey, parseVerifierKey } from '../src/formats/verifier-key.ts'
import { ADA, BEN, type ErasureClinic, makeErasureClinic, saidContents } from './erasure-clinic.ts'
import { errorCode, json, type Run, run } from './run-cli.ts'

const home = mkdtempSync(join(tmpdir(), 'affidavit-cli-erase-'))
const key = join(home, 'kim.key')
let clinic: ErasureClinic

before(async () => {
  clinic = await makeErasureClinic(join(home, 'clinic'))
  writeFileSync(join(clinic.folder, 'access.json'), clinic.policyText)
  writeFileSync(key, formatSignerKey(clinic.approver), { mode: 0o600 })
})
after(() => rmSync(home, { recursive: true, force: true }))

let files = 0
const newPath = (): string => join(home, `file-${files++}`)

function plan(out: string, ...more: readonly string[]): Promise<Run> {
  const words = ['--basis', 'gdpr_17', '--reason', 'request 2026-117', '--as', 'dr.lee', '--out', out]
  return run(['erase', 'plan', '--ledger', clinic.folder, ...words, ...more])
}

const on = (...words: readonly string[]): Promise<Run> => run(['erase', ...words, '--ledger', clinic.folder])

test('without an access policy nobody may erase, and it is said what to do', async () => {
  const bare = await makeErasureClinic(join(home, 'bare'), [])
  const out = newPath()
  const words = ['--subject', ADA, '--basis', 'gdpr_17', '--reason', 'request', '--as', 'dr.lee', '--out', out]
  const answer = await run(['erase', 'plan', '--ledger', bare.folder, ...words])
  assert.equal(answer.code, 3)
  assert.match(answer.err, /has no access policy: nobody may/)
  assert.match(answer.err, /cure: write access.yaml/)
  assert.equal(existsSync(out), false)
})

describe('refused:', () => {
  const WRONG = {
    'two access policies': [[], /has both access.yaml and access.json/, true],
    'a person without the role': [['--as', 'ray'], /planner-not-allowed/, false],
    'a copy of no kind': [['--copy', 'usb:drawer'], /KIND:WHERE/, false],
    'a copy nowhere': [['--copy', 'backup:'], /KIND:WHERE/, false],
  } as const
  for (const [name, [more, says, twice]] of Object.entries(WRONG)) {
    test(name, async () => {
      const second = join(clinic.folder, 'access.yaml')
      if (twice) writeFileSync(second, 'affidavit_access: 1')
      const out = newPath()
      const answer = await plan(out, '--subject', ADA, ...more)
      rmSync(second, { force: true })
      assert.equal(answer.code, 3)
      assert.match(answer.err, says)
      assert.equal(existsSync(out), false)
    })
  }
})

test('planned, approved, run, and told about: content is gone, and the ledger verifies', async () => {
  const [planFile, approval, certificate] = [newPath(), newPath(), newPath()]
  const copy = 'backup:keys/kek of 2026-11-20, safe 2'
  const planned = await plan(planFile, '--subject', ADA, '--conversation', 'c-1', '--copy', copy)
  assert.equal(planned.code, 0, planned.err)
  assert.match(planned.err, /the keys of 1 subject and 1 conversation/)
  assert.match(planned.err, /nothing is erased/)
  assert.ok(!('code' in parsePlan(readFileSync(planFile))))
  assert.doesNotMatch(readFileSync(planFile, 'utf8'), /Okafor/)

  const early = await on('run', planFile, '--approval', planFile, '--as', 'dr.lee', '--out', certificate, '--json')
  assert.deepEqual([early.code, errorCode(early), existsSync(certificate)], [3, 'invalid-query', false])
  const approved = await run(['approve', planFile, '--key', key, '--as', 'kim', '--out', approval])
  assert.equal(approved.code, 0, approved.err)
  const status = await on('status', '--as', 'dr.lee')
  assert.match(status.err, /no erasure was decided/)

  const done = await on('run', planFile, '--approval', approval, '--as', 'dr.lee', '--out', certificate)
  assert.equal(done.code, 0, done.err)
  assert.match(done.err, /^ {2}erasing/)
  const vkey = parseVerifierKey(clinic.verifierKey)
  assert.ok(!('code' in vkey))
  const opened = openCertificate(readFileSync(certificate), [vkey])
  assert.ok(!('code' in opened))
  assert.deepEqual([opened.certificate.state, opened.certificate.payloads], ['erasing', 4])

  const finished = await on('finish', '--json')
  assert.equal(Object(json(finished).erasures)[0].state, 'erasing')
  const unknown = await on('status', '--copy-reached', 'backup:elsewhere', '--json')
  assert.deepEqual([unknown.code, errorCode(unknown)], [3, 'not-found'])
  const told = await on('status', '--copy-reached', copy)
  assert.match(told.out, /^ {2}erased .*\n(.*\n)+.*safe 2: reached\n$/)
  const again = newPath()
  assert.equal((await on('run', planFile, '--approval', approval, '--as', 'dr.lee', '--out', again)).code, 0)
  assert.match(readFileSync(again, 'utf8'), /"state":"erased"/)

  const { plan_sha256 } = opened.certificate
  const shown = await run(['certificates', plan_sha256.slice(0, 12), '--ledger', clinic.folder, '--as', 'dr.lee'])
  assert.equal(shown.code, 0, shown.err)
  assert.match(
    shown.out,
    /erased {8}4 payloads of .*\n.*\n.*1 subject and 1 conversation\n(.*\n)+.*approved by kim, under a key/,
  )
  const stranger = formatVerifierKey(generateSignerKey('approver/kim', 'ed25519').verifierKey)
  const unpinned = await run([
    ...['certificates', plan_sha256, '--ledger', clinic.folder, '--as', 'dr.lee'],
    ...['--approver', stranger, '--json'],
  ])
  assert.deepEqual([unpinned.code, Object(json(unpinned).checked).authority], [2, 'not checked'])

  const contents = await saidContents(clinic)
  assert.deepEqual(
    Object.keys(contents).filter((name) => contents[name] === 'gone'),
    ['1 message', '3 ada', '4 message', '5 message'],
  )
  const verified = await run([
    'verify',
    '--ledger',
    clinic.folder,
    '--vkey',
    clinic.verifierKey,
    '--as',
    'dr.lee',
    '--content',
  ])
  assert.equal(verified.code, 0, verified.out)
  assert.match(verified.out, /4 unavailable: erased under the record at seq \d+/)
  const search = await run(['search', '--ledger', clinic.folder, '--subject', ADA, '--as', 'dr.lee', '--json'])
  assert.deepEqual(Object(json(search)).records, [])
})

test('a plan in which records must stay readable tells what stands in the way, and does not send it to the approver', async () => {
  const held = await makeErasureClinic(join(home, 'held'))
  const people = { ...JSON.parse(held.policyText).people, sam: { roles: ['records_officer'] } }
  writeFileSync(
    join(held.folder, 'access.json'),
    JSON.stringify({ affidavit_access: 1, revision: 'r', people, everybody_else: [] }),
  )
  const why = ['--matter', 'Docket 24-117', '--custodian', 'general counsel', '--reason', 'complaint served']
  const placed = await run(['hold', 'place', '--ledger', held.folder, '--as', 'sam', ...why, '--subject', BEN])
  assert.equal(placed.code, 0, placed.err)
  const out = newPath()
  const asked = ['--subject', BEN, '--basis', 'gdpr_17', '--reason', 'request 2026-118', '--as', 'dr.lee', '--out', out]
  const planned = await run(['erase', 'plan', '--ledger', held.folder, ...asked])
  assert.equal(planned.code, 0, planned.err)
  assert.match(planned.err, /REFUSED {7}\d+ records must stay readable/)
  assert.doesNotMatch(planned.err, /have it approved/)
  assert.match(planned.err, /nothing is erased, and nobody can approve it: .*REFUSED.*plan again/)
  const signed = await run(['approve', out, '--key', key, '--as', 'kim', '--out', newPath()])
  assert.equal(signed.code, 3, signed.err)
})

test('a certificate is never written over a file, nor into the ledger; then nothing is done', async () => {
  const planFile = newPath()
  assert.equal((await plan(planFile, '--subject', BEN)).code, 0)
  for (const out of [planFile, join(clinic.folder, 'certificate')]) {
    const answer = await on('run', planFile, '--approval', key, '--as', 'dr.lee', '--out', out, '--json')
    assert.deepEqual([answer.code, errorCode(answer)], [3, 'invalid-query'])
  }
  assert.equal((await plan(planFile, '--subject', BEN)).code, 3)
})
