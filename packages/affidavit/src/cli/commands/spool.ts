import { existsSync } from 'node:fs'
import { join } from 'node:path'

import type { Command } from 'commander'

import { examineSpool, type SpoolState } from '../../capture/spool/examine.ts'
import type { Forwarded } from '../../capture/spool/forward.ts'
import { openSpool } from '../../capture/spool.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { EXIT } from '../exit-codes.ts'
import { openToAppend } from '../open-to-append.ts'
import { jsonOption, keysOption, type LedgerOptions, ledgerAnywhereOption, registryOption } from '../options.ts'
import { counted, jsonDocument, printable } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface StatusOptions {
  readonly spool: string
  readonly json?: boolean
}

interface ForwardOptions extends LedgerOptions, StatusOptions {
  readonly actions?: string
  readonly registry?: string
  readonly refused?: boolean
}

export function addSpool(program: Command, surroundings: Surroundings): void {
  const command = program.command('spool').description('Drafts that wait on disk while a ledger takes none.')
  addStatus(command, surroundings)
  addForward(command, surroundings)
}

function addStatus(command: Command, { terminal, exit }: Surroundings): void {
  command
    .command('status')
    .description('What waits in a spool, since when, what was set aside and why. Needs no ledger and no key.')
    .requiredOption('--spool <dir>', 'folder of the spool')
    .addOption(jsonOption())
    .action(async ({ spool, json }: StatusOptions) => {
      expectSpool(spool)
      const state = await examineSpool(spool).catch((cause: unknown) => unreadable(spool, cause))
      terminal.out(json === true ? jsonDocument(documentOf(state)) : linesOf(state))
      if (state.refused.length + state.damaged.length > 0) exit(EXIT.refusedInput)
    })
}

function addForward(command: Command, { terminal, env, exit }: Surroundings): void {
  command
    .command('forward')
    .description('Record what waits in a spool that no process holds, in order; what is recorded already is not again.')
    .requiredOption('--spool <dir>', 'folder of the spool')
    .addOption(ledgerAnywhereOption())
    .addOption(keysOption())
    .option('--actions <file>', 'your own actions: {"clinic.referral_sent": {"description": "…"}}')
    .addOption(registryOption())
    .option('--refused', 'also what the ledger refused before, where its reason is mended')
    .addOption(jsonOption())
    .action(async (options: ForwardOptions) => {
      expectSpool(options.spool)
      const forwarded = await forwardAll(options, env)
      const { recorded, duplicates, refused, unreadable } = forwarded
      if (options.json === true) terminal.out(jsonDocument({ recorded, duplicates, refused, unreadable }))
      else terminal.err(`${says(forwarded)}\n`)
      if (refused.length + unreadable.length > 0) exit(EXIT.refusedInput)
    })
}

async function forwardAll(
  { spool: folder, refused, ...options }: ForwardOptions,
  env: Surroundings['env'],
): Promise<Forwarded> {
  await using ledger = await openToAppend(options, env)
  await using spool = await openSpool({ folder, ledger })
  const before = refused === true ? [await spool.forwardRefused()] : []
  return together([...before, await spool.forward()])
}

function together(all: readonly Forwarded[]): Forwarded {
  return {
    recorded: all.reduce((sum, { recorded }) => sum + recorded, 0),
    duplicates: all.reduce((sum, { duplicates }) => sum + duplicates, 0),
    refused: all.flatMap(({ refused }) => refused),
    unreadable: all.flatMap(({ unreadable }) => unreadable),
  }
}

function says({ recorded, duplicates, refused, unreadable }: Forwarded): string {
  const before = duplicates === 0 ? '' : `, ${duplicates} recorded before`
  const kept = [
    ...(refused.length === 0 ? [] : [`${counted(refused.length, 'draft')} refused (${refused.join(', ')})`]),
    ...(unreadable.length === 0
      ? []
      : [`${counted(unreadable.length, 'draft')} unreadable (${unreadable.join(', ')})`]),
  ]
  const also = kept.length === 0 ? '' : `; ${kept.join('; ')}: kept, see affidavit spool status`
  return `${counted(recorded, 'record')} forwarded${before}${also}.`
}

/** Members in one order, absent ones too. */
function documentOf({ ledger, waiting, since, bytes, refused, damaged, holder }: SpoolState): object {
  return { ledger, waiting, since, bytes, refused, damaged, holder }
}

function linesOf({ ledger, waiting, since, bytes, refused, damaged, holder }: SpoolState): string {
  const lines = [
    `waiting  ${counted(waiting, 'draft')}${waiting === 0 ? '' : ` for ${ledger}, the oldest of ${since}`}; ${counted(bytes, 'byte')} in all`,
    ...refused.map((one) => {
      if (one.code === 'unreadable') return `refused  ${one.file} cannot be read`
      return `refused  ${one.file}, draft ${one.id}: ${one.code}: ${one.problem}`
    }),
    ...damaged.map(({ file, first, last }) => `damaged  ${file}: of drafts ${first} to ${last} some cannot be read`),
    ...(holder === undefined
      ? []
      : [`held by  process ${holder.pid} on ${holder.host}${holder.gone ? ', which is gone' : ''}`]),
  ]
  return lines.map((line) => `${printable(line)}\n`).join('')
}

function expectSpool(folder: string): void {
  // Whoever opens a spool leaves its lock there.
  if (existsSync(join(folder, 'lock'))) return
  throw new LedgerError('invalid-query', {
    problem: `there is no spool in ${folder}`,
    cure: 'name the folder that the agent was given',
    path: '--spool',
  })
}

function unreadable(folder: string, cause: unknown): never {
  const said = cause instanceof Error ? cause.message : String(cause)
  throw new LedgerError('spool-unavailable', {
    problem: `cannot read the spool in ${folder}: ${said}`,
    cure: 'check the rights on its files',
    cause,
  })
}
