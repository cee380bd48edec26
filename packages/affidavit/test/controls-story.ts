// The story behind docs/controls/: what a clinic that also sells and advises did with its agent, and what was done with its ledger. Every command
// that a control names is run on it.

import assert from 'node:assert/strict'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { databaseFile } from '../src/embedded/folder.ts'
import { ADVICE, ANSWER, CHANGE, DRAFTS } from './controls-drafts.ts'
import { serveStory } from './controls-server.ts'
import { tampered } from './manipulate.ts'
import { json, runDone } from './run-cli.ts'

const PEOPLE = `affidavit_access: 1
revision: 2026-11
people:
  kim: { roles: [auditor, content_reader] }
  lee: { roles: [privacy_officer] }
  sam: { roles: [records_officer] }
  opal: { roles: [operator] }
  ada: { roles: [erasure_approver, records_approver], approval_key: APPROVER }
everybody_else: []
`

const KEPT = `version: 1
revision: 2026-11
time_source: SOURCE
policies:
  - id: clinic.accounts
    title: Settled accounts
    citation: Board resolution 12
    applies_to: [{ retention_classes: [accounts] }]
    minimum: { value: 5, unit: calendar_years, anchors: [account_closed] }
    at_end: destroy
`

/** What the words stand for that a command of a control has. */
export type Words = ReadonlyMap<string, string>

/** Lets it happen in this folder; `timeSource` is asked before anything is destroyed. */
export async function tellStory(folder: string, timeSource: string): Promise<Words> {
  const at = (name: string): string => join(folder, name)
  mkdirSync(at('archive'))
  const of = ['--ledger', at('ledger')]
  const places = ['--anchor', at('anchor'), '--archive', at('archive')]
  const made = json(await runDone(['init', ...of, '--origin', 'clinic.example/agents', ...places, '--json']))
  const approver = (await runDone(['approver-key', '--out', at('ada.key'), '--name', 'approver/ada'])).out.trim()
  writeFileSync(join(at('ledger'), 'access.yaml'), PEOPLE.replace('APPROVER', approver))
  writeFileSync(join(at('ledger'), 'retention.yaml'), KEPT.replace('SOURCE', timeSource))
  await runDone(['append', ...of], DRAFTS.map((draft) => JSON.stringify(draft)).join('\n'))

  const why = ['--matter', 'Docket 24-117', '--custodian', 'general counsel', '--reason', 'complaint served']
  await runDone(['hold', 'place', ...of, '--as', 'sam', ...why, '--subject', 'MRN-104'])
  await destroyed(
    'erase',
    at('erasure'),
    [...of, '--as', 'lee'],
    [
      ...['--subject', 'guest-1', '--basis', 'gdpr_17', '--reason', 'request 2026-117'],
      ...['--copy', 'backup:nightly of the keyring'],
    ],
  )
  await destroyed('dispose', at('disposition'), [...of, '--as', 'sam'], [])
  const admin = await refused(at('ledger'))
  await runDone(['archive', 'run', ...of])
  await runDone(['checkpoint', ...of, '--out', at('kept.note')])
  cpSync(at('ledger'), at('copy'), { recursive: true })
  cpSync(at('anchor'), at('copied-anchor'), { recursive: true })
  const settings = { anchor: at('copied-anchor'), archive: at('archive') }
  writeFileSync(join(at('copy'), 'affidavit.json'), JSON.stringify(settings))
  altered(at('copy'), ANSWER)
  const [erased, disposed] = await plansOf(of)
  return new Map([
    ['DIR', at('ledger')],
    ['COPY', at('copy')],
    ['ARCHIVE', at('archive')],
    ['ACCESS_POLICY', join(at('ledger'), 'access.yaml')],
    ['CHECKPOINT', at('kept.note')],
    ['VKEY', String(made.verifier_key)],
    ['APPROVER', approver],
    ['AUDITOR', 'kim'],
    ['PRIVACY', 'lee'],
    ['OFFICER', 'sam'],
    ['OPERATOR', 'opal'],
    ['EXAMINER', 'examiner'],
    ['ADMIN_KEY', admin],
    ['REASON', 'yearly examination'],
    ['PERSON', 'MRN-104'],
    ['TOKEN', await tokenOf('MRN-104', of)],
    ['CLIENT', 'client-8'],
    ['AGENT', 'clinic-agent'],
    ['ANSWER', ANSWER],
    ['ADVICE', ADVICE],
    ['CHANGE', CHANGE],
    ['CONVERSATION', 'visit-1'],
    ['PAYMENT', 'payment-1'],
    ['ADVISED', 'advice-1'],
    ['BATCH', 'batch-1'],
    ['ERASURE', erased],
    ['DISPOSITION', disposed],
  ])

  async function destroyed(
    by: 'erase' | 'dispose',
    file: string,
    on: readonly string[],
    asked: readonly string[],
  ): Promise<void> {
    await runDone([by, 'plan', ...on, ...asked, '--out', `${file}.json`])
    const signs = ['--key', at('ada.key'), '--as', 'ada', '--out', `${file}.approval`]
    await runDone(['approve', `${file}.json`, ...signs])
    const leave = ['--approval', `${file}.approval`, '--out', `${file}.certificate`]
    await runDone([by, 'run', `${file}.json`, ...on, ...leave])
  }
}

/** What a server refused is on record. Answers a key of an admin. */
async function refused(home: string): Promise<string> {
  await using server = await serveStory(home)
  assert.equal((await server.ask({ by: 'writer', request: 'GET records' })).status, 403)
  assert.equal((await server.askAsNobody('records')).status, 401)
  return server.admin
}

async function plansOf(of: readonly string[]): Promise<readonly [erased: string, disposed: string]> {
  const { erasures, dispositions } = Object(json(await runDone(['certificates', ...of, '--as', 'sam', '--json'])))
  return [erasures[0].plan_sha256, dispositions[0].plan_sha256]
}

async function tokenOf(person: string, of: readonly string[]): Promise<string> {
  const found = json(await runDone(['search', ...of, '--as', 'kim', '--subject', person, '--limit', '1', '--json']))
  return Object(found.records)[0].subject_ids[0]
}

function altered(home: string, id: string): void {
  const database = databaseFile(home)
  tampered(database, `${database}.changed`, ({ run }) => {
    run(
      "UPDATE entries SET entry = CAST(replace(CAST(entry AS TEXT), 'm-2026-10', 'm-2026-11') AS BLOB) WHERE id = ?",
      id,
    )
  })
  cpSync(`${database}.changed`, database)
}
