import { type Command, Option } from 'commander'

import { openFolder } from '../../embedded/open.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { Reader } from '../../ledger/reader.ts'
import {
  addReaderOptions,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerOption,
  placeIn,
  type ReaderOptions,
  readerOf,
} from '../options.ts'
import { jsonDocument } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions, ReaderOptions {
  readonly of: 'checkpoints' | 'keyring'
  readonly json?: boolean
}

export function addRotateKey(program: Command, { terminal, env }: Surroundings): void {
  const command = program
    .command('rotate-key')
    .description(
      'Replace the key that signs checkpoints; both keys sign the change, so pinned old keys reach the new one. Or the key-encryption key of the keyring.',
    )
    .addOption(ledgerOption())
    .addOption(keysOption())
    .addOption(
      new Option(
        '--of <what>',
        'whose key: the one that signs checkpoints, or the one that the keyring is wrapped under',
      )
        .choices(['checkpoints', 'keyring'])
        .default('checkpoints'),
    )
  addReaderOptions(command, 'replaces it')
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const operator = readerOf(options, env)
      await using ledger = await openFolder(placeIn(options))
      const rotate = options.of === 'keyring' ? rotateKeyring : rotateCheckpointKey
      const { document, line, says } = await rotate(ledger, operator)
      if (options.json === true) terminal.out(jsonDocument({ origin: ledger.origin, ...document }))
      else {
        terminal.out(`${line}\n`)
        terminal.err(`${says}\n`)
      }
    })
}

interface Answer {
  readonly document: { readonly [name: string]: unknown }
  readonly line: string
  readonly says: string
}

async function rotateCheckpointKey(ledger: Ledger, operator: Reader): Promise<Answer> {
  const { verifierKey, checkpoint } = await ledger.rotateKey(operator)
  return {
    document: { verifier_key: verifierKey, size: checkpoint.size },
    line: verifierKey,
    says: `The key above signs from the checkpoint of size ${checkpoint.size} on; the old secret is destroyed. Back up the keys.`,
  }
}

async function rotateKeyring(ledger: Ledger, operator: Reader): Promise<Answer> {
  const { generation: keyring_generation, ...rotated } = await ledger.rotateKeyring(operator)
  const standing = rotated.retired_key_versions
  const end =
    standing.length === 0
      ? 'Earlier ones are destroyed, and earlier copies of the keyring open no more.'
      : `Still to be destroyed: ${standing.join(', ')}. Until then earlier copies of the keyring open with them.`
  return {
    document: { keyring_generation, ...rotated },
    line: rotated.new_version,
    says: `The keyring is of generation ${keyring_generation}, wrapped under the key-encryption key above. ${end} Back up the keyring and its keys, each apart.`,
  }
}
