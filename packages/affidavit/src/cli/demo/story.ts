// The demo as a customer sees it: a real agent's conversations become records, auditors' questions get answers, and
// attacks on a copy are found, with what found them. The last attack goes unfound under a local anchor, and is shown so.

import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { localAnchor } from '../../embedded/anchors.ts'
import { databaseFile } from '../../embedded/folder.ts'
import { initLedger } from '../../embedded/init.ts'
import { openFolder } from '../../embedded/open.ts'
import { openReader } from '../../embedded/read.ts'
import { exportLedger } from '../../evidence/export.ts'
import { parseVerifierKey } from '../../formats/verifier-key.ts'
import { importOpenAiChat } from '../../imports/import-file.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { makeFolder } from '../../ledger/make-folder.ts'
import { wholeNote } from '../../ledger/prove.ts'
import type { Registry } from '../../registry/registry.ts'
import { verifySqlite } from '../../stores/sqlite/verify.ts'
import type { Anchor } from '../../verify/anchors.ts'
import { verifyExport } from '../../verify/export.ts'
import { type Report, sentence } from '../../verify/report.ts'
import type { Trust } from '../../verify/trust.ts'
import { counted, printable, type Terminal } from '../output.ts'
import { renderReport } from '../render-report.ts'
import type { RunCommand } from '../surroundings.ts'
import { runAgent } from './agent.ts'
import { cutTail, deleteRow, editRow, rewriteEverything } from './attacks.ts'
import { askQuestions } from './questions.ts'

export interface DemoOptions {
  /** Conversations in OpenAI chat format; the demo's own agent works where left out. */
  readonly file: string | undefined
  /** What the tools touch. */
  readonly registry: Registry | undefined
  /** Where ledger and export stay; a temporary folder that is removed where left out. */
  readonly keep: string | undefined
}

/** The folders of one demo. */
interface Stage {
  readonly ledger: string
  readonly anchor: string
  readonly origin: string
  readonly trust: Trust
}

/** Runs the demo; answers whether everything happened as it should. */
export async function runDemo(
  { file, registry, keep }: DemoOptions,
  run: RunCommand,
  terminal: Terminal,
): Promise<boolean> {
  const folder = keep ?? mkdtempSync(join(tmpdir(), 'affidavit-demo-'))
  try {
    const stage = await record(folder, file, registry, terminal)
    const answered = await askQuestions(stage.ledger, run, terminal)
    const verified = await verifyAndExport(folder, stage, terminal)
    const found = await attack(folder, stage, terminal)
    if (keep !== undefined)
      terminal.out(
        `\n  The ledger stays in ${stage.ledger}, the export in ${join(folder, 'export')}.\n  Ask on with --as auditor: its access policy knows nobody else.\n\n`,
      )
    return answered && verified && found
  } finally {
    if (keep === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

function heading(terminal: Terminal, number: number, text: string): void {
  terminal.out(`\n${terminal.style('bold', `${number}  ${text}`)}\n\n`)
}

async function record(
  folder: string,
  file: string | undefined,
  registry: Registry | undefined,
  terminal: Terminal,
): Promise<Stage> {
  heading(terminal, 1, 'An agent works, and what it does becomes records')
  const stage = { ledger: join(folder, 'ledger'), anchor: join(folder, 'checkpoints-elsewhere') }
  makeFolder(folder, 0o777)
  const { origin, verifierKey } = await initLedger(stage.ledger, {
    origin: 'demo.affidavit.example/clinic',
    anchor: stage.anchor,
  })
  await using ledger = await openFolder(stage.ledger, registry === undefined ? {} : { registry })
  await (file === undefined ? letWork(ledger, terminal) : importFile(ledger, file, registry, terminal))
  terminal.out(`  verifier key, which the auditor pins:\n  ${terminal.style('cyan', verifierKey)}\n`)
  return { ...stage, origin, trust: pinnedTo(verifierKey) }
}

async function letWork(ledger: Ledger, terminal: Terminal): Promise<void> {
  const begun = performance.now()
  const { conversations, modelCalls } = await runAgent(ledger, (line) => terminal.out(`  · ${line}\n`))
  const { size } = await ledger.health()
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  terminal.out(
    `  ${counted(conversations, 'conversation')}, ${counted(modelCalls, 'call')} of a model, ${counted(size, 'record')}, each durable before the agent went on: ${seconds} s\n`,
  )
}

async function importFile(
  ledger: Ledger,
  file: string,
  registry: Registry | undefined,
  terminal: Terminal,
): Promise<void> {
  const begun = performance.now()
  const result = await importOpenAiChat({
    ledger,
    file,
    registry,
    onProgress: ({ conversations }) => terminal.progress(`  ${counted(conversations, 'conversation')}`),
  })
  terminal.endProgress()
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  terminal.out(
    `  ${counted(result.conversations, 'conversation')}, ${counted(result.records.recorded, 'record')}, each durable before the next step: ${seconds} s\n`,
  )
  for (const { line, path, problem } of result.refused)
    terminal.out(`  line ${line} refused: ${printable(`${path}: ${problem}`)}\n`)
}

function pinnedTo(text: string): Trust {
  const key = parseVerifierKey(text)
  if ('code' in key) throw new Error(`the new verifier key is unreadable: ${key.code}`)
  return { kind: 'pinned', keys: [key] }
}

async function verifyAndExport(folder: string, stage: Stage, terminal: Terminal): Promise<boolean> {
  heading(terminal, 3, 'Can you prove that nothing was altered?')
  const report = await verify(stage.ledger, stage.trust, [])
  terminal.out(`  ${command('affidavit verify --ledger DIR --vkey KEY', terminal)}\n${renderReport(report, terminal)}`)
  const out = join(folder, 'export')
  await using ledger = await openFolder(stage.ledger)
  const cover = await exportLedger(ledger, {
    out,
    filter: {},
    requester: 'demo auditor',
    reason: 'demonstration',
    timeZone: 'UTC',
  })
  const exported = await verifyExport(out, { trust: stage.trust, anchors: [] })
  terminal.out(`  ${command('affidavit export --ledger DIR --out DIR2', terminal)}\n`)
  terminal.out(`  ${counted(cover.count, 'record')} exported; verified from the folder alone: ${exported.status}\n`)
  return report.status === 'valid' && exported.status === 'valid'
}

function command(text: string, terminal: Terminal): string {
  return terminal.style('dim', `$ ${text}`)
}

interface Attack {
  readonly name: string
  readonly expect: Report['status']
  run(copy: Stage): Promise<void> | void
  /** Checkpoints the auditor kept, where they did. */
  readonly kept?: Anchor
  readonly comment?: string
}

async function attack(folder: string, stage: Stage, terminal: Terminal): Promise<boolean> {
  heading(terminal, 4, 'Attacks on a copy, by somebody with every right on the files')
  const attacks = await planAttacks(stage)
  let allAsExpected = true
  for (const [i, planned] of attacks.entries()) {
    const copy = copyOf(stage, join(folder, `attack-${i + 1}`))
    await planned.run(copy)
    const report = await verify(copy.ledger, stage.trust, planned.kept === undefined ? [] : [planned.kept])
    rmSync(join(folder, `attack-${i + 1}`), { recursive: true, force: true })
    allAsExpected &&= report.status === planned.expect
    terminal.out(
      renderAttack(planned, report, terminal).replaceAll(copy.anchor, 'the checkpoint log outside the database'),
    )
  }
  return allAsExpected
}

function renderAttack({ name, expect, comment }: Attack, report: Report, terminal: Terminal): string {
  const found = report.status === 'tampered'
  const mark = found ? terminal.style('green', 'found    ') : terminal.style('yellow', 'not found')
  const [first] = report.findings
  const by = first === undefined ? `verify says: ${report.status}; anchor: ${report.axes.anchor.says}` : sentence(first)
  const surprise = report.status === expect ? '' : terminal.style('red', `\n             expected ${expect}`)
  const remark = comment === undefined ? '' : `\n             ${terminal.style('dim', comment)}`
  return `  ${mark}  ${terminal.style('bold', name)}\n             ${printable(by)}${first === undefined ? '' : terminal.style('dim', `  ${first.code}`)}${remark}${surprise}\n\n`
}

async function planAttacks(stage: Stage): Promise<Attack[]> {
  const { seq, size } = await victimOf(stage.ledger)
  const kept = await keptCheckpoint(stage.ledger)
  const whitewash = { outcome: 'success' as const, actor_id: 'somebody-else' }
  return [
    {
      name: `Edit one record (seq ${seq}: another actor)`,
      expect: 'tampered',
      run: ({ ledger }) => editRow(ledger, seq, (entry) => ({ ...entry, ...whitewash })),
    },
    { name: `Delete one record (seq ${seq})`, expect: 'tampered', run: ({ ledger }) => deleteRow(ledger, seq) },
    {
      name: 'Cut the tail, checkpoints in the database included',
      expect: 'tampered',
      run: ({ ledger }) => cutTail(ledger, size - 5),
    },
    {
      name: 'Rewrite everything, and sign it with the real key',
      expect: 'tampered',
      run: ({ ledger, origin }) =>
        rewriteEverything(ledger, origin, join(ledger, 'nowhere'), seq, (entry) => ({ ...entry, ...whitewash })),
    },
    {
      name: 'The same, and rewrite the checkpoint folder too',
      expect: 'valid',
      comment: 'A local anchor is only as good as the account that guards it. This is the honest limit.',
      run: ({ ledger, origin, anchor }) =>
        rewriteEverything(ledger, origin, anchor, seq, (entry) => ({ ...entry, ...whitewash })),
    },
    {
      name: 'The same again, but the auditor had kept one checkpoint',
      expect: 'tampered',
      comment: 'affidavit checkpoint --out FILE, sent to the auditor; affidavit verify --anchor FILE',
      kept,
      run: ({ ledger, origin, anchor }) =>
        rewriteEverything(ledger, origin, anchor, seq, (entry) => ({ ...entry, ...whitewash })),
    },
  ]
}

/** A record worth hiding: a denial where there is one, else one in the middle. */
async function victimOf(folder: string): Promise<{ seq: number; size: number }> {
  await using reader = await openReader(folder)
  const size = await reader.size()
  for await (const record of reader.search({})) if (record.outcome === 'denied') return { seq: record.seq, size }
  return { seq: Math.floor(size / 2), size }
}

async function keptCheckpoint(folder: string): Promise<Anchor> {
  await using ledger = await openFolder(folder)
  return {
    kind: 'external',
    where: 'a checkpoint that the auditor kept',
    notes: [wholeNote(await ledger.publish())],
    faults: [],
  }
}

function copyOf(stage: Stage, folder: string): Stage {
  const copy = { ...stage, ledger: join(folder, 'ledger'), anchor: join(folder, 'checkpoints-elsewhere') }
  cpSync(stage.ledger, copy.ledger, { recursive: true })
  cpSync(stage.anchor, copy.anchor, { recursive: true })
  writeFileSync(join(copy.ledger, 'affidavit.json'), JSON.stringify({ anchor: copy.anchor }))
  return copy
}

async function verify(folder: string, trust: Trust, kept: readonly Anchor[]): Promise<Report> {
  return verifySqlite(databaseFile(folder), { trust, anchors: [await localAnchor(folder), ...kept] })
}
