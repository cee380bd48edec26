// What depends on whether an option stood on the command line or in the environment: settled before a command runs.

import type { Command } from 'commander'

import { LedgerError } from '../errors/ledger-error.ts'
import { holdsPassword, isUrl } from '../stores/postgres/url.ts'

/** @throws LedgerError `invalid-query` where a password stands on the command line */
export function settleWords(command: Command): void {
  const options: Readonly<Record<string, unknown>> = command.opts()
  for (const [name, value] of Object.entries(options)) {
    if (command.getOptionValueSource(name) === 'cli' && textsOf(value).some(holdsPassword)) throw exposed(flagOf(name))
  }
  // The environment names a home for the URL that it names; a folder is its own.
  const { ledger } = options
  if (command.getOptionValueSource('keys') === 'env' && typeof ledger === 'string' && !isUrl(ledger))
    command.setOptionValue('keys', undefined)
}

function textsOf(value: unknown): readonly string[] {
  return [value].flat().filter((one) => typeof one === 'string')
}

// Every user of the machine sees the command lines of all, and shells keep them.
function exposed(flag: string): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `${flag}: a password on the command line is seen by every user of this machine`,
    cure: `leave it out and set PGPASSWORD or PGPASSFILE, or give the whole URL in ${flag === '--keyring' ? 'AFFIDAVIT_KEYRING' : 'AFFIDAVIT_LEDGER'}; then change the password`,
    path: flag,
  })
}

function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
