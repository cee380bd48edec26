import { type Command, Option } from 'commander'

import { expectAccess } from '../../embedded/access.ts'
import { createLedgerErasures } from '../../embedded/erasing.ts'
import { openFolder } from '../../embedded/open.ts'
import type { ErasurePlan } from '../../erasure/plan.ts'
import type { ErasureStanding } from '../../ledger/erase.ts'
import type { Copy } from '../../papers/copies.ts'
import { copiesIn, sortedCopies } from '../copies-option.ts'
import { linesOf } from '../describe-plan.ts'
import { inOptions } from '../in-options.ts'
import { type NewFile, refuseTaken, writeNewFile } from '../new-file.ts'
import { openToRead } from '../open-records.ts'
import {
  addReaderOptions,
  collect,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerOption,
  placeIn,
  type ReaderOptions,
  readerOf,
} from '../options.ts'
import { counted, jsonDocument, printable, type Terminal } from '../output.ts'
import { readInput } from '../read-input.ts'
import type { Surroundings } from '../surroundings.ts'

interface Common extends LedgerOptions {
  readonly json?: boolean
}

interface PlanOptions extends Common {
  readonly subject: readonly string[]
  readonly conversation: readonly string[]
  readonly copy: readonly Copy[]
  readonly reason: string
  readonly basis: string
  readonly as: string
  readonly out: string
}

interface RunOptions extends Common {
  readonly approval: string
  readonly as: string
  readonly out: string
}

interface StatusOptions extends Common {
  readonly copyReached: readonly Copy[]
  readonly copyNotReached: readonly Copy[]
}

export function addErase(program: Command, surroundings: Surroundings): void {
  const erase = program
    .command('erase')
    .description('Erase content by destroying the keys that open it: plan, have it approved, run.')
  addPlan(erase, surroundings)
  addRun(erase, surroundings)
  addFinish(erase, surroundings)
  addStatus(erase, surroundings)
}

function addPlan(erase: Command, { terminal }: Surroundings): void {
  erase
    .command('plan')
    .description('Write down what an erasure would destroy, for somebody else to approve. Erases nothing.')
    .addOption(ledgerOption())
    .addOption(keysOption())
    .option('--subject <id>', 'a person, by their own id or their token; may stand several times', collect, [])
    .option('--conversation <id>', 'a conversation; may stand several times', collect, [])
    .requiredOption('--basis <word>', 'the rule, such as gdpr_17')
    .requiredOption('--reason <text>', 'why; nothing in it should tell who')
    .requiredOption('--as <person>', 'your name in the access policy')
    .option(
      '--copy <kind:where>',
      'a copy that is known of, such as backup:safe 2, also of keys/kek',
      copiesIn('known'),
      [],
    )
    .requiredOption('--out <file>', 'where the plan goes: a new file')
    .addOption(jsonOption())
    .action(async (options: PlanOptions) => {
      const out: NewFile = { option: '--out', path: options.out }
      const place = placeIn(options)
      refuseTaken(out, place.home)
      expectAccess(place)
      await using ledger = await openFolder(place)
      const { subject: subjects, conversation: conversations, basis, reason } = options
      const asked = { subjects, conversations, basis, reason, copies: sortedCopies(options.copy) }
      const { says, plan_sha256, plan } = await createLedgerErasures(ledger, place, { actor_id: options.as }).plan(
        asked,
      )
      writeNewFile(out, plan)
      if (options.json === true) terminal.out(jsonDocument({ ...says, plan_sha256, file: options.out }))
      else terminal.err(`${indented(linesOf(says))}\n${options.out}: ${nextOf(says)}\n`)
    })
}

function nextOf({ refused_count }: ErasurePlan): string {
  return refused_count === 0
    ? 'nothing is erased; have it approved with affidavit approve'
    : 'nothing is erased, and nobody can approve it: resolve what is REFUSED (a hold is released, a minimum passes, or name less), then plan again'
}

function addRun(erase: Command, { terminal }: Surroundings): void {
  erase
    .command('run')
    .description('Carry out an approved plan, and write the signed certificate. Again, it goes on, or certifies anew.')
    .argument('<plan>', 'the plan: a file')
    .addOption(ledgerOption())
    .addOption(keysOption())
    .requiredOption('--approval <file>', 'the signed note of the approver')
    .requiredOption('--as <person>', 'your name in the access policy')
    .addOption(new Option('--out <file>', 'where the certificate goes: a new file').makeOptionMandatory())
    .addOption(jsonOption())
    .action(async (file: string, options: RunOptions) => {
      const out: NewFile = { option: '--out', path: options.out }
      const place = placeIn(options)
      refuseTaken(out, place.home)
      const plan = readInput('plan', file)
      const approval = readInput('--approval', options.approval)
      expectAccess(place)
      await using ledger = await openFolder(place)
      const erasures = createLedgerErasures(ledger, place, { actor_id: options.as })
      const { certificate, standing } = await inOptions({ paper: `plan: ${file}` }, () =>
        erasures.run({ plan, approval }),
      )
      writeNewFile(out, certificate)
      if (options.json === true) terminal.out(jsonDocument({ ...standing, file: options.out }))
      else terminal.err(`${indented(wordsOf(standing))}certificate   ${options.out}\n`)
    })
}

function addFinish(erase: Command, { terminal }: Surroundings): void {
  erase
    .command('finish')
    .description(
      'Go on with every erasure that was decided and is not over, and destroy key-encryption keys that still stand.',
    )
    .addOption(ledgerOption())
    .addOption(keysOption())
    .addOption(jsonOption())
    .action(async (options: Common) => {
      await using ledger = await openFolder(placeIn(options))
      print(await ledger.erasures.finish(), options, terminal)
    })
}

function addStatus(erase: Command, { terminal, env }: Surroundings): void {
  const status = erase
    .command('status')
    .description('Show where erasures stand, and record what became of copies.')
    .addOption(ledgerOption())
    .addOption(keysOption())
    .option('--copy-reached <kind:where>', 'this copy opens no longer, or was destroyed', copiesIn('reached'), [])
    .option('--copy-not-reached <kind:where>', 'this copy stays as it is', copiesIn('not-reached'), [])
  addReaderOptions(status)
    .addOption(jsonOption())
    .action(async (options: StatusOptions & ReaderOptions) => {
      const told = [...options.copyReached, ...options.copyNotReached]
      const place = placeIn(options)
      await using ledger = await openToRead(place)
      const erasures = createLedgerErasures(ledger, place, readerOf(options, env))
      print(told.length === 0 ? await erasures.status() : await erasures.tellCopies(told), options, terminal)
    })
}

function print(standings: readonly ErasureStanding[], { json }: Common, terminal: Terminal): void {
  if (json === true) terminal.out(jsonDocument({ erasures: standings }))
  else if (standings.length === 0) terminal.err('no erasure was decided\n')
  else terminal.out(standings.map((standing) => indented(wordsOf(standing))).join('\n'))
}

function wordsOf(standing: ErasureStanding): string[] {
  const { state, subjects, conversations, decision_seq, decided_at, outcome_seq, retired_key_versions } = standing
  const outcome = outcome_seq === undefined ? '' : `, outcome at seq ${outcome_seq}`
  return [
    `${state.padEnd(14)}${counted(subjects, 'subject')} and ${counted(conversations, 'conversation')}`,
    `decided       at seq ${decision_seq}, ${decided_at}${outcome}`,
    `plan          ${standing.plan_sha256}`,
    ...retired_key_versions.map((version) => `key stands    ${version}`),
    ...standing.copies.map(({ kind, where, state: copyState }) => `copy          ${kind}:${where}: ${copyState}`),
  ]
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${printable(line)}\n`).join('')
}
