import type { Command } from 'commander'

import { isServerUrl } from '../../client/address.ts'
import { examine } from '../examine.ts'
import { EXIT } from '../exit-codes.ts'
import type { Finding } from '../finding.ts'
import { examineOnServer } from '../on-server/examine.ts'
import { jsonOption, keysOption, type LedgerOptions, ledgerAnywhereOption, placeIn } from '../options.ts'
import { jsonDocument, type Style } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

const MARKS: Readonly<Record<Finding['state'], { mark: string; style: Style }>> = {
  ok: { mark: '✓', style: 'green' },
  warn: { mark: '!', style: 'yellow' },
  fail: { mark: '✗', style: 'red' },
}

/** Of the first column. */
const MIN_WIDTH = 16

export function addDoctor(program: Command, { terminal, env, exit }: Surroundings): void {
  program
    .command('doctor')
    .description(
      'Look at the surroundings of a ledger: runtime, server, disk, rights, keys, checkpoints, clock. Changes nothing.',
    )
    .addOption(ledgerAnywhereOption())
    .addOption(keysOption())
    .addOption(jsonOption())
    .action(async (options: LedgerOptions & { readonly json?: boolean }) => {
      const findings = isServerUrl(options.ledger)
        ? await examineOnServer(options.ledger, env)
        : await examine(placeIn(options))
      if (options.json === true)
        terminal.out(jsonDocument({ ok: findings.every(({ state }) => state !== 'fail'), findings }))
      else {
        const wide = Math.max(MIN_WIDTH, ...findings.map(({ about }) => about.length))
        for (const { state, about, says, cure } of findings) {
          const { mark, style } = MARKS[state]
          terminal.out(
            `  ${terminal.style(style, mark)} ${about.padEnd(wide)} ${says}${cure === undefined ? '' : `\n${' '.repeat(wide + 5)}cure: ${cure}`}\n`,
          )
        }
      }
      exit(findings.some(({ state }) => state === 'fail') ? EXIT.unavailable : EXIT.ok)
    })
}
