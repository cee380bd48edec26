import type { Command } from 'commander'

import { openFolder } from '../../embedded/open.ts'
import { jsonOption, ledgerOption } from '../options.ts'
import { jsonDocument } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

export function addRotateKey(program: Command, { terminal }: Surroundings): void {
  program
    .command('rotate-key')
    .description(
      'Replace the key that signs checkpoints. Both keys sign the change, so pinned old keys reach the new one.',
    )
    .addOption(ledgerOption())
    .addOption(jsonOption())
    .action(async (options: { readonly ledger: string; readonly json?: boolean }) => {
      await using ledger = await openFolder(options.ledger)
      const { verifierKey, checkpoint } = await ledger.rotateKey()
      if (options.json === true)
        terminal.out(jsonDocument({ origin: ledger.origin, verifier_key: verifierKey, size: checkpoint.size }))
      else {
        terminal.out(`${verifierKey}\n`)
        terminal.err(
          `The key above signs from the checkpoint of size ${checkpoint.size} on; the old secret is destroyed. Back up the keys.\n`,
        )
      }
    })
}
