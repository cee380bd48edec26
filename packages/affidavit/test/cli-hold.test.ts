// affidavit hold as people use it: placed, listed, and released by two, on files and on PostgreSQL.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { formatSignerKey, generateSignerKey } from '../src/formats/signer-key.ts'
import { formatVerifierKey } from '../src/formats/verifier-key.ts'
import { ADA, BEN, type ErasureClinic, makeErasureClinic } from './erasure-clinic.ts'
import { errorCode, json, type Run, run } from './run-cli.ts'

const home = mkdtempSync(join(tmpdir(), 'affidavit-cli-hold-'))
const kim = generateSignerKey('approver/kim', 'ed25519')
const key = join(home, 'kim.key')
let clinic: ErasureClinic

before(async () => {
  clinic = await makeErasureClinic(join(home, 'clinic'))
  const signs = { approval_key: formatVerifierKey(kim.verifierKey) }
  const people = {
    sam: { roles: ['records_officer'] },
    pat: { roles: ['records_officer'] },
    kim: { roles: ['records_approver', 'records_officer'], ...signs },
    ray: { roles: ['auditor'] },
  }
  const policy = { affidavit_access: 1, revision: 'r', people, everybody_else: ['records_officer'] }
  writeFileSync(join(clinic.folder, 'access.json'), JSON.stringify(policy))
  writeFileSync(key, formatSignerKey(kim), { mode: 0o600 })
})
after(() => rmSync(home, { recursive: true, force: true }))

let files = 0
const newPath = (): string => join(home, `file-${files++}`)

const WHY = ['--matter', 'Okafor v. Clinic', '--custodian', 'general counsel', '--reason', 'complaint served']
const place = (...words: readonly string[]): Promise<Run> =>
  run(['hold', 'place', '--ledger', clinic.folder, '--as', 'sam', ...WHY, ...words])
const list = async (...words: readonly string[]): Promise<readonly { [name: string]: unknown }[]> => {
  const answer = await run(['hold', 'list', '--ledger', clinic.folder, '--as', 'sam', '--json', ...words])
  assert.equal(answer.code, 0, answer.err)
  return Object(json(answer)).holds
}
const plan = (hold: unknown, out: string, ...words: readonly string[]): Promise<Run> =>
  run([
    'hold',
    'release',
    'plan',
    String(hold),
    '--ledger',
    clinic.folder,
    '--as',
    'sam',
    '--reason',
    'settled',
    '--out',
    out,
    ...words,
  ])
const approve = (file: string, out: string, ...words: readonly string[]): Promise<Run> =>
  run(['approve', file, '--key', key, '--as', 'kim', '--out', out, ...words])
const release = (file: string, approval: string, ...words: readonly string[]): Promise<Run> =>
  run(['hold', 'release', 'run', file, '--approval', approval, '--ledger', clinic.folder, '--as', 'sam', ...words])

async function placed(...words: readonly string[]): Promise<{ readonly hold_id: unknown; readonly records: unknown }> {
  const answer = await place(...words, '--json')
  assert.equal(answer.code, 0, answer.out)
  return json(answer) as unknown as { hold_id: unknown; records: unknown }
}

test('placed, listed, and released by two: nothing is destroyed, and the ledger verifies', async () => {
  const first = await placed('--subject', ADA, '--conversation', 'c-1')
  assert.equal(first.records, 1)
  const second = await placed('--subject', ADA)
  // Hers, and the hold that is about her.
  assert.equal(second.records, 5)
  const bound = (await list('--matter', 'Okafor v. Clinic')).map(({ state, records }) => [state, records])
  assert.deepEqual(bound, [
    ['stands', 1],
    ['stands', 6],
  ])

  const [paper, approval] = [newPath(), newPath()]
  const planned = await plan(second.hold_id, paper)
  assert.equal(planned.code, 0, planned.err)
  assert.match(planned.err, /lets go of {4}6 records, of which 1 record another hold binds too/)
  assert.match(planned.err, /the hold stands/)
  const approved = await approve(paper, approval)
  assert.equal(approved.code, 0, approved.err)
  assert.match(approved.err, /because {7}settled/)
  const done = await release(paper, approval)
  assert.equal(done.code, 0, done.err)
  assert.match(done.err, /other holds bound 1 record of it. Nothing was destroyed/)

  const states = (await list()).map(({ hold_id, state, records }) => [hold_id, state, records])
  assert.deepEqual(states, [
    [first.hold_id, 'stands', 1],
    [second.hold_id, 'released', 0],
  ])
  const again = await release(paper, approval, '--json')
  assert.deepEqual([again.code, errorCode(again)], [3, 'invalid-query'])
  assert.match(again.out, /already-released/)
  const planAgain = await plan(second.hold_id, newPath())
  assert.match(planAgain.err, /was released at seq/)
  const verified = await run(['verify', '--ledger', clinic.folder, '--vkey', clinic.verifierKey, '--as', 'ray'])
  assert.equal(verified.code, 0, verified.out + verified.err)
  assert.match(verified.out, /1 hold released by leave of kim/)
})

test('by whose leave it was released is verified under the key of the approver, in the ledger and in an export of it', async () => {
  const out = newPath()
  const whole = ['--ledger', clinic.folder, '--as', 'ray']
  assert.equal((await run(['export', ...whole, '--out', out])).code, 0)
  const stranger = formatVerifierKey(generateSignerKey('approver/kim', 'ed25519').verifierKey)
  for (const what of [
    ['--export', out],
    [...whole, '--no-record'],
  ]) {
    const verify = (approver: string): Promise<Run> =>
      run(['verify', ...what, '--vkey', clinic.verifierKey, '--approver', approver])
    const told = await verify(formatVerifierKey(kim.verifierKey))
    assert.equal(told.code, 0, told.out)
    assert.match(told.out, /1 hold released by leave of kim/)
    const blind = await verify(stranger)
    assert.equal(blind.code, 2, blind.out)
    assert.match(blind.out, /hold-release-not-checked/)
  }
})

test('no person stands in a hold but as a token, and its list is on record', async () => {
  await placed('--actor', 'clinic-agent', '--subject', BEN, '--from', '2026-01-01')
  const shown = await run(['search', '--ledger', clinic.folder, '--as', 'sam', '--action', 'hold_placed', '--json'])
  assert.doesNotMatch(shown.out, /Okafor, MRN|Adeyemi|general counsel/)
  assert.match(shown.out, /tok_[0-9a-f]{32}/)
  const lists = async (): Promise<number> => {
    const words = ['search', '--ledger', clinic.folder, '--as', 'sam', '--action', 'records_viewed', '--json']
    return (await run(words)).out.split('"operation":"holds"').length - 1
  }
  const before = await lists()
  await list()
  assert.equal(await lists(), before + 1)
})

test('as they stood at an instant before, there was none', async () => {
  await placed('--conversation', 'c-2')
  assert.deepEqual(await list('--at', '2001-01-01'), [])
  assert.match(
    (await run(['hold', 'list', '--ledger', clinic.folder, '--as', 'sam', '--at', '2001-01-01'])).err,
    /no hold/,
  )
})

test('a hold that binds nothing stands, and says what may be misspelt', async () => {
  const answer = await place('--agent', 'clinic-agnet', '--conversation', 'c-1')
  assert.equal(answer.code, 0, answer.err)
  assert.match(answer.err, /placed at seq \d+: binds 0 records now/)
  assert.match(answer.err, /warning: no record fits --conversation and --agent: .*spelling/)
  assert.ok(answer.err.includes(`affidavit hold release plan ${answer.out.trim()}`), answer.err)
  const asJson = await place('--agent', 'clinic-agnet', '--json')
  assert.equal(json(asJson).records, 0)
  assert.match(asJson.err, /warning: no record fits --agent: /)
  assert.match((await place('--until', '2001-01-01')).err, /warning: no record fits --until: /)
  assert.doesNotMatch((await place('--conversation', 'c-1')).err, /warning/)
})

test('what a detector finds in a reason is masked, and that is said', async () => {
  const answer = await place('--conversation', 'c-1', '--reason', 'letter from ada@example.com about 078-05-1120')
  assert.equal(answer.code, 0, answer.err)
  assert.match(answer.err, /without what was found in it: email_address, us_ssn/)
  assert.doesNotMatch(JSON.stringify(await list()), /ada@|078-05/)
})

test('what a detector finds in the reason of a release stands in no paper: it is refused', async () => {
  const { hold_id } = await placed('--conversation', 'c-1')
  const answer = await plan(hold_id, newPath(), '--reason', 'letter from ada@example.com')
  assert.equal(answer.code, 3, answer.err)
  assert.match(answer.err, /--reason: holds what looks like email_address/)
})

describe('not placed:', () => {
  const WRONG: Readonly<Record<string, readonly [words: readonly string[], says: RegExp, code?: number]>> = {
    'a hold on nothing': [[], /everything yes/],
    'a hold on everything and something': [
      ['--everything', '--conversation', 'c-1'],
      /--everything: .*narrowed by nothing/,
    ],
    'a hold on a person whom nobody knows': [['--subject', 'nobody'], /--subject: no record has the subject_id/],
    'a hold on a conversation that is misspelt': [['--conversation', 'c-11'], /--conversation: no record has/],
    'a hold on a resource of no kind': [['--conversation', 'c-1', '--resource-id', 'x'], /resource/],
    'a hold on a period that is none': [['--from', 'last week'], /--from: "last week" is no day and no time/],
    'a hold on a period that ends before it begins': [
      ['--from', '2026-02-01', '--until', '2026-01-01'],
      /--until: is not after from.*\n.*cure: give the beginning and the end/,
    ],
    'for a reason that says nothing': [['--conversation', 'c-1', '--reason', ' '], /--reason: says nothing/],
    'for a matter that tells who it is about': [
      ['--conversation', 'c-1', '--matter', 'claim of SSN 078-05-1120'],
      /--matter: holds what looks like us_ssn.*\n.*cure: .*docket/,
    ],
    'for a reason that is no label': [['--conversation', 'c-1', '--reason', 'x'.repeat(257)], /--reason: .*257 bytes/],
    'for a matter that says nothing': [['--conversation', 'c-1', '--matter', ''], /--matter: says nothing/],
    'with nobody who answers for it': [['--conversation', 'c-1', '--custodian', ' '], /--custodian: says nothing/],
    'by a person without the role': [['--conversation', 'c-1', '--as', 'ray'], /needs the role records_officer/, 4],
  }
  for (const [name, [words, says, code = 3]] of Object.entries(WRONG)) {
    test(name, async () => {
      const before = (await list()).length
      const answer = await place(...words)
      assert.equal(answer.code, code, answer.err)
      assert.match(answer.err, says)
      assert.equal((await list()).length, before)
    })
  }

  test('without an access policy nobody may, and it is said what to do', async () => {
    const bare = await makeErasureClinic(join(home, 'bare'), [])
    const answer = await run(['hold', 'place', '--ledger', bare.folder, '--as', 'sam', ...WHY, '--everything'])
    assert.equal(answer.code, 3, answer.err)
    assert.match(answer.err, /no access policy/)
  })
})

describe('not released:', () => {
  test('a hold that there is not', async () => {
    const answer = await plan('0193f5a2-7bff-7f00-8000-000000000029', newPath(), '--json')
    assert.deepEqual([answer.code, errorCode(answer)], [3, 'not-found'])
  })

  test('for a reason that says nothing', async () => {
    const placed = json(await place('--conversation', 'c-1', '--json'))
    const out = newPath()
    const asked = await plan(placed.hold_id, out, '--reason', ' ')
    assert.equal(asked.code, 3, asked.err)
    assert.match(asked.err, /reason: says nothing/)
    assert.equal(existsSync(out), false)
  })

  test('asked for by somebody whom the policy does not name', async () => {
    const { hold_id } = await placed('--conversation', 'c-1')
    const out = newPath()
    assert.match((await plan(hold_id, out, '--as', 'temp')).err, /planner-not-named/)
    assert.equal(existsSync(out), false)
  })

  test('approved by whoever asked for it', async () => {
    const { hold_id } = await placed('--conversation', 'c-1')
    const [paper, approval] = [newPath(), newPath()]
    assert.equal((await plan(hold_id, paper, '--as', 'kim')).code, 0)
    assert.match((await approve(paper, approval)).err, /made this plan yourself.*records_approver/s)
    // The ledger says so too, whatever the command line does: kim signs as kim what kim asked for.
    const other = newPath()
    writeFileSync(other, readFileSync(paper, 'utf8').replace('"made_by":"kim"', '"made_by":"sam"'))
    assert.equal((await approve(other, approval)).code, 0)
    assert.match((await release(paper, approval)).err, /approval-of-another-text/)
  })

  const FORGED: Readonly<Record<string, readonly [change: (text: string) => string, says: RegExp]>> = {
    'with another reason than was approved': [
      (text) => text.replace('settled', 'forgotten'),
      /approval-of-another-text/,
    ],
    'what is no release': [() => '{}', /paper-other-kind/],
  }
  for (const [name, [change, says]] of Object.entries(FORGED)) {
    test(name, async () => {
      const { hold_id } = await placed('--conversation', 'c-1')
      const [paper, approval, forged] = [newPath(), newPath(), newPath()]
      await plan(hold_id, paper)
      await approve(paper, approval)
      writeFileSync(forged, change(readFileSync(paper, 'utf8')))
      assert.match((await release(forged, approval)).err, says)
      assert.equal((await list()).find((hold) => hold.hold_id === hold_id)?.state, 'stands')
    })
  }

  test('by a release that says of another count of records than there was, though it is approved', async () => {
    const { hold_id } = await placed('--conversation', 'c-1')
    const [paper, approval, forged] = [newPath(), newPath(), newPath()]
    await plan(hold_id, paper)
    writeFileSync(
      forged,
      readFileSync(paper, 'utf8')
        .replace(/"records":\d+,/, '"records":0,')
        .replace(/"still_held":\d+/, '"still_held":0'),
    )
    assert.equal((await approve(forged, approval)).code, 0)
    assert.match((await release(forged, approval)).err, /release-differs/)
  })

  test('by a key that the policy does not pin, and by an approval that refuses', async () => {
    const { hold_id } = await placed('--conversation', 'c-1')
    const [paper, other] = [newPath(), newPath()]
    await plan(hold_id, paper)
    writeFileSync(other, formatSignerKey(generateSignerKey('approver/kim', 'ed25519')), { mode: 0o600 })
    for (const [words, says] of [
      [['--key', other], /not-pinned|signature/],
      [['--refuse'], /approval-refuses/],
      [['--as', 'pat'], /approval-of-another-person/],
    ] as const) {
      const approval = newPath()
      assert.equal((await approve(paper, approval, ...words)).code, 0)
      assert.match((await release(paper, approval)).err, says)
    }
  })
})
