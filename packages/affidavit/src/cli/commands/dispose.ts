import { type Command, Option } from 'commander'

import { MAX_MANIFEST_BYTES } from '../../disposition/manifest.ts'
import type { DispositionPlan } from '../../disposition/plan.ts'
import { expectAccess } from '../../embedded/access.ts'
import { createLedgerDispositions } from '../../embedded/disposing.ts'
import { openFolder } from '../../embedded/open.ts'
import type { Copy } from '../../papers/copies.ts'
import { copiesOption, sortedCopies } from '../copies-option.ts'
import { linesOfDisposition } from '../describe-disposition.ts'
import { inOptions } from '../in-options.ts'
import { type NewFile, refuseTaken, writeNewFile } from '../new-file.ts'
import { openToRead } from '../open-records.ts'
import {
  addReaderOptions,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerOption,
  placeIn,
  type ReaderOptions,
  readerOf,
  wholeNumber,
} from '../options.ts'
import { jsonDocument, progressOn } from '../output.ts'
import { indented, printDispositions, wordsOfDisposition } from '../print-dispositions.ts'
import { readInput } from '../read-input.ts'
import { readInstant } from '../read-instant.ts'
import type { Surroundings } from '../surroundings.ts'
import { addApproveDisposition } from './approve.ts'
import { addReplayDisposition } from './dispose-replay.ts'

interface Common extends LedgerOptions {
  readonly json?: boolean
}

interface PlanOptions extends Common {
  readonly as: string
  readonly out: string
  readonly at?: string
  readonly policy?: string
  readonly delayDays: number
  readonly copy: readonly Copy[]
}

interface RunOptions extends Common {
  readonly as: string
  readonly approval?: string
  readonly out: string
}

export function addDispose(program: Command, surroundings: Surroundings): void {
  const dispose = program
    .command('dispose')
    .description('Destroy records that are due: plan, have somebody else approve it, run.')
  addPlan(dispose, surroundings)
  addApproveDisposition(dispose, surroundings)
  addRun(dispose, surroundings)
  addFinish(dispose, surroundings)
  addStatus(dispose, surroundings)
  addReplayDisposition(dispose, surroundings)
}

function addPlan(dispose: Command, { terminal }: Surroundings): void {
  dispose
    .command('plan')
    .description('Write down which records are due, for somebody else to approve. Destroys nothing.')
    .addOption(ledgerOption())
    .addOption(keysOption())
    .requiredOption('--as <person>', 'your name in the access policy')
    .option('--at <date>', 'what is due at this day, or time (default: now)')
    .option('--policy <id>', 'only records that this retention policy is for')
    .option(
      '--delay-days <days>',
      'where nobody else may approve: let the plan stand on record for so long, at least 7',
      wholeNumber(0),
      0,
    )
    .addOption(copiesOption())
    .requiredOption('--out <file>', 'where the plan goes: a new file; its manifest goes to FILE.manifest')
    .addOption(jsonOption())
    .action(async (options: PlanOptions) => {
      const [out, beside] = [options.out, manifestFile(options.out)].map(
        (path): NewFile => ({ option: '--out', path }),
      ) as [NewFile, NewFile]
      const place = placeIn(options)
      for (const file of [out, beside]) refuseTaken(file, place.home)
      expectAccess(place)
      await using ledger = await openFolder(place)
      const { delayDays: delay_days, policy: retention_policy } = options
      const at = readInstant(options.at, ledger.retention.calendar)
      const dispositions = createLedgerDispositions(ledger, place, { actor_id: options.as })
      const asked = {
        ...{ delay_days, copies: sortedCopies(options.copy), onProgress: progressOn(terminal, 'judged') },
        ...(at === undefined ? {} : { at }),
        ...(retention_policy === undefined ? {} : { retention_policy }),
      }
      const { says, plan_sha256, plan, manifest } = await inOptions({ 'no-such-policy': '--policy' }, () =>
        dispositions.plan(asked),
      )
      terminal.endProgress()
      writeNewFile(beside, manifest)
      writeNewFile(out, plan)
      const files = { file: out.path, manifest: beside.path }
      if (options.json === true) terminal.out(jsonDocument({ ...says, plan_sha256, ...files }))
      else terminal.err(`${indented(linesOfDisposition(says))}\n${out.path}: nothing is destroyed; ${nextOf(says)}\n`)
      if (ledger.retention.time_source === undefined) terminal.err(WITHOUT_TIME)
    })
}

const WITHOUT_TIME =
  'The retention policies name no time_source: nothing is destroyed by the clock of this machine alone. Name one, then plan again: this plan is of other policies then.\n'

function nextOf({ delay_days }: DispositionPlan): string {
  return delay_days === 0
    ? 'have it approved with affidavit dispose approve'
    : 'affidavit dispose run puts it on record, and carries it out when its delay is over'
}

function manifestFile(plan: string): string {
  return `${plan}.manifest`
}

function addRun(dispose: Command, { terminal }: Surroundings): void {
  dispose
    .command('run')
    .description('Carry out an approved plan, and write the signed certificate. Again, it goes on, or certifies anew.')
    .argument('<plan>', 'the plan: a file, with its manifest beside it')
    .addOption(ledgerOption())
    .addOption(keysOption())
    .option('--approval <file>', 'the signed note of the approver; not for a plan that waits on record')
    .requiredOption('--as <person>', 'your name in the access policy')
    .addOption(new Option('--out <file>', 'where the certificate goes: a new file').makeOptionMandatory())
    .addOption(jsonOption())
    .action(async (file: string, options: RunOptions) => {
      const out: NewFile = { option: '--out', path: options.out }
      const place = placeIn(options)
      refuseTaken(out, place.home)
      const plan = readInput('plan', file)
      const manifest = readInput('plan', manifestFile(file), MAX_MANIFEST_BYTES)
      const approval = options.approval === undefined ? {} : { approval: readInput('--approval', options.approval) }
      expectAccess(place)
      await using ledger = await openFolder(place)
      const dispositions = createLedgerDispositions(ledger, place, { actor_id: options.as })
      const done = await inOptions({ paper: `plan: ${file}` }, () => dispositions.run({ plan, manifest, ...approval }))
      if (done.state === 'done') writeNewFile(out, done.certificate)
      const certified = done.state === 'done' ? { file: options.out } : { waits_until: done.waits_until }
      if (options.json === true) terminal.out(jsonDocument({ ...done.standing, ...certified }))
      else {
        const last =
          done.state === 'done'
            ? `certificate   ${options.out}`
            : `waits         until ${done.waits_until}; then run it again`
        terminal.err(indented([...wordsOfDisposition(done.standing), last]))
      }
    })
}

function addFinish(dispose: Command, { terminal }: Surroundings): void {
  dispose
    .command('finish')
    .description('Go on with every disposition that was decided and is not over.')
    .addOption(ledgerOption())
    .addOption(keysOption())
    .addOption(jsonOption())
    .action(async (options: Common) => {
      await using ledger = await openFolder(placeIn(options))
      printDispositions(await ledger.dispositions.finish(), options, terminal)
    })
}

function addStatus(dispose: Command, { terminal, env }: Surroundings): void {
  const status = dispose
    .command('status')
    .description('Show where dispositions stand.')
    .addOption(ledgerOption())
    .addOption(keysOption())
  addReaderOptions(status)
    .addOption(jsonOption())
    .action(async (options: Common & ReaderOptions) => {
      const place = placeIn(options)
      await using ledger = await openToRead(place)
      printDispositions(
        await createLedgerDispositions(ledger, place, readerOf(options, env)).status(),
        options,
        terminal,
      )
    })
}
