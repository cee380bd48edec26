import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { RemoteLedger } from '../../client/remote-ledger.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import type { AuditRecord } from '../../formats/fields.ts'
import { recordOf } from '../../ledger/read.ts'
import { type NewFile, refuseTaken, writeNewFile } from '../new-file.ts'
import { openOnServer, readerOn } from '../on-server/open.ts'
import { openToRead } from '../open-records.ts'
import {
  addReaderOptions,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerAnywhereOption,
  placeIn,
  type ReaderOptions,
  readerOf,
} from '../options.ts'
import { jsonDocument, shellWord, type Terminal } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'
import { whichRecord } from './show.ts'

interface Options extends LedgerOptions, ReaderOptions {
  readonly out: string
  readonly entry?: string
  readonly json?: boolean
}

export function addProve(program: Command, { terminal, env }: Surroundings): void {
  const prove = program
    .command('prove')
    .description(
      'Write the proof that a record is in the ledger (C2SP tlog-proof), for anyone to verify offline. That is recorded.',
    )
    .argument('<id>', 'the id of a record, or its seq')
    .addOption(ledgerAnywhereOption())
    .addOption(keysOption())
    .requiredOption('--out <file>', 'where the proof goes: a file that does not exist yet')
    .option('--entry <file>', 'write the exact bytes of the record there too, also a new file')
  addReaderOptions(prove)
    .addOption(jsonOption())
    .action(async (which: string, options: Options) => {
      const remote = await openOnServer(options, env)
      const { proof, copy } = newFiles(options, remote === undefined ? placeIn(options).home : undefined)
      if (remote !== undefined) {
        await proveOnServer(remote, { which, proof, copy, ...options }, { terminal, env })
        return
      }
      await using ledger = await openToRead(placeIn(options))
      const wanted = whichRecord(which)
      const record = typeof wanted === 'string' ? await ledger.get(wanted) : await ledger.at(wanted)
      const details = { as_of_seq: (await ledger.health()).size - 1 }
      const results = record === undefined ? [] : [record.seq]
      await ledger
        .as(readerOf(options, env))
        .recorded('search', { action: 'records_viewed', operation: 'prove', details, results })
      if (record === undefined) {
        // Of a destroyed record its place is proven; of what never was there is no proof.
        const text = await ledger.prove(wanted)
        if (copy !== undefined) throw destroyed(wanted)
        writeNewFile(proof, text)
        const key = await ledger.verifierKey()
        if (options.json === true)
          terminal.out(jsonDocument({ destroyed: true, proof: options.out, verifier_key: key }))
        else
          terminal.err(
            `The record was destroyed. Proof of its place written to ${options.out}: it holds for its exact bytes.\n`,
          )
        return
      }
      writeNewFile(proof, await ledger.prove(record.seq))
      if (copy !== undefined) {
        for await (const { entry } of ledger.entries({ from_seq: record.seq, until_seq: record.seq + 1 }))
          writeNewFile(copy, entry)
      }
      tell(record, await ledger.verifierKey(), options, terminal)
    })
}

async function proveOnServer(
  remote: RemoteLedger,
  { which, proof, copy, ...options }: Options & { which: string; proof: NewFile; copy: NewFile | undefined },
  { terminal, env }: Pick<Surroundings, 'terminal' | 'env'>,
): Promise<void> {
  await using ledger = remote
  const reading = ledger.as(readerOn(ledger, options, env))
  const { seq, entry } = await reading.show(whichRecord(which))
  writeNewFile(proof, await reading.prove(seq))
  if (copy !== undefined) writeNewFile(copy, entry)
  tell(recordOf({ seq, entry }), await ledger.verifierKey(), options, terminal)
}

function tell(record: AuditRecord, key: string, options: Options, terminal: Terminal): void {
  if (options.json === true)
    terminal.out(
      jsonDocument({
        id: record.id,
        seq: record.seq,
        integrity_hash: record.integrity_hash,
        proof: options.out,
        verifier_key: key,
      }),
    )
  else
    terminal.err(
      `Proof of seq ${record.seq} written to ${options.out}. To verify it, anywhere:\n  affidavit verify --proof ${shellWord(options.out)} --entry ${shellWord(options.entry ?? 'ENTRY')} --vkey ${shellWord(key)}\n`,
    )
}

function newFiles(
  options: Options,
  home: string | undefined,
): { readonly proof: NewFile; readonly copy: NewFile | undefined } {
  const { out, entry } = options
  const proof = { option: '--out', path: out } as const
  refuseTaken(proof, home)
  if (entry === undefined) return { proof, copy: undefined }
  const copy = { option: '--entry', path: entry } as const
  refuseTaken(copy, home)
  if (resolve(out) !== resolve(entry)) return { proof, copy }
  throw new LedgerError('invalid-query', {
    problem: '--out and --entry name the same file',
    cure: 'name two files',
    path: '--entry',
  })
}

function destroyed(which: string | number): LedgerError {
  return new LedgerError('not-found', {
    problem: `the record ${which} was destroyed, and its bytes with it`,
    cure: 'leave out --entry: the proof of its place can be had',
  })
}
