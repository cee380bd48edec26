// The command line: wiring only. Each command is a file in commands/; results go to stdout, talk to stderr.

import { readFileSync } from 'node:fs'
import { Command, CommanderError, Help, type Option } from 'commander'
import { DocumentFault } from '../documents/fault.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { ImportFault } from '../imports/fault.ts'
import { VerifyError } from '../verify/error.ts'
import { addAccess } from './commands/access.ts'
import { addAppend } from './commands/append.ts'
import { addApprove } from './commands/approve.ts'
import { addApproverKey } from './commands/approver-key.ts'
import { addArchive } from './commands/archive.ts'
import { addCertificates } from './commands/certificates.ts'
import { addCheckpoint } from './commands/checkpoint.ts'
import { addConversation } from './commands/conversation.ts'
import { addDemo } from './commands/demo.ts'
import { addDispose } from './commands/dispose.ts'
import { addDoctor } from './commands/doctor.ts'
import { addErase } from './commands/erase.ts'
import { addExport } from './commands/export.ts'
import { addGaps } from './commands/gaps.ts'
import { addGrants } from './commands/grants.ts'
import { addHold } from './commands/hold.ts'
import { addImport } from './commands/import.ts'
import { addInit } from './commands/init.ts'
import { addKeys } from './commands/keys.ts'
import { addLineage } from './commands/lineage.ts'
import { addMigrate } from './commands/migrate.ts'
import { addPolicies } from './commands/policies.ts'
import { addProve } from './commands/prove.ts'
import { addReaders } from './commands/readers.ts'
import { addRegistry } from './commands/registry.ts'
import { addResolve } from './commands/resolve.ts'
import { addRetention } from './commands/retention.ts'
import { addRotateKey } from './commands/rotate-key.ts'
import { addSearch } from './commands/search.ts'
import { addServe } from './commands/serve.ts'
import { addShow } from './commands/show.ts'
import { addSpool } from './commands/spool.ts'
import { addTail } from './commands/tail.ts'
import { addVerify } from './commands/verify.ts'
import { addVersions } from './commands/versions.ts'
import { addWatch } from './commands/watch.ts'
import { EXIT, type ExitCode, exitCodeOfError } from './exit-codes.ts'
import { jsonLine, systemTerminal, type Terminal } from './output.ts'
import { settleWords } from './settle-words.ts'
import type { Surroundings } from './surroundings.ts'

const EXIT_CODES = `
Exit codes: 0 done or verified · 1 tampered · 2 incomplete, empty or not trusted, or a registry that does not know · 3 usage ·
4 unavailable · 5 some input was refused · 70 a bug of ours`

/** Runs one command line and answers its exit code; never throws. */
export async function main(
  argv: readonly string[],
  {
    terminal = systemTerminal(),
    stdin = process.stdin,
    env = process.env,
  }: Partial<Omit<Surroundings, 'exit' | 'run'>> = {},
): Promise<number> {
  let exitCode: ExitCode = EXIT.ok
  const exit = (code: ExitCode): void => {
    exitCode = code
  }
  const json = argv.includes('--json')
  try {
    const run: Surroundings['run'] = (words, shown) => main(words, { terminal: shown, stdin, env })
    await program({ terminal, stdin, env, exit, run }, json).parseAsync([...argv], { from: 'user' })
    return exitCode
  } catch (error) {
    terminal.endProgress()
    return failed(error, json, terminal)
  }
}

// That nothing is given where nothing is said goes without saying.
function described(option: Option): string {
  return new Help().optionDescription(option).replace(/ ?\(default: \[\]\)$/, '')
}

function program(surroundings: Surroundings, json: boolean): Command {
  const affidavit = new Command('affidavit')
    .description('The audit ledger for AI agents: records that anyone can verify.')
    .version(version(), '--version', 'print the version')
    .helpOption('--help', 'explain a command')
    .allowExcessArguments(false)
    .addHelpText('after', EXIT_CODES)
    .exitOverride()
    .configureHelp({ optionDescription: described })
    .configureOutput({
      writeOut: (text) => surroundings.terminal.out(text),
      writeErr: (text) => surroundings.terminal.err(text),
      // Under --json the fault is printed where every other one is.
      outputError: (text, write) => (json ? undefined : write(text)),
    })
  const commands = [
    addInit,
    addMigrate,
    addAppend,
    addImport,
    addSearch,
    addShow,
    addTail,
    addConversation,
    addLineage,
    addGrants,
    addVersions,
    addGaps,
    addReaders,
    addResolve,
    addVerify,
    addWatch,
    addProve,
    addExport,
    addCheckpoint,
    addRegistry,
    addAccess,
    addKeys,
    addPolicies,
    addRetention,
    addApproverKey,
    addApprove,
    addErase,
    addHold,
    addDispose,
    addCertificates,
    addArchive,
    addRotateKey,
    addSpool,
    addServe,
    addDoctor,
    addDemo,
  ]
  for (const add of commands) add(affidavit, surroundings)
  return affidavit.hook('preAction', (_, command) => settleWords(command))
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const found = /"version": "([^"]+)"/.exec(text)
  return found?.[1] ?? 'unknown'
}

function failed(thrown: unknown, json: boolean, terminal: Terminal): ExitCode {
  const error = firstOf(thrown)
  // Commander has said already what was wrong with the words of the call; help and --version end here too.
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok
    const problem = error.code === 'commander.help' ? 'a command is missing' : error.message.replace(/^error: /, '')
    if (json) terminal.out(jsonLine({ error: { code: 'usage', problem, cure: 'affidavit --help, or COMMAND --help' } }))
    return EXIT.usage
  }
  if (error instanceof LedgerError) {
    const { code, problem, cure, path } = error
    if (json) terminal.out(jsonLine({ error: { code, problem, cure, path } }))
    else terminal.err(`affidavit: ${problem}\n${cure === undefined ? '' : `  cure: ${cure}\n`}  code: ${code}\n`)
    return exitCodeOfError(code)
  }
  if (error instanceof VerifyError) {
    const { code, problem } = error
    if (json) terminal.out(jsonLine({ error: { code, problem } }))
    else terminal.err(`affidavit: ${problem}\n  code: ${code}\n`)
    return EXIT.unavailable
  }
  if (error instanceof ImportFault) {
    if (json) terminal.out(jsonLine({ error: { code: 'invalid-input', problem: error.problem, path: error.path } }))
    else terminal.err(`affidavit: ${error.message}\n`)
    return EXIT.usage
  }
  if (error instanceof DocumentFault) {
    const { code, problem, cure, path, file, line } = error
    if (json) terminal.out(jsonLine({ error: { code, problem, cure, path, file, line } }))
    else terminal.err(`affidavit: ${error.message}\n`)
    return EXIT.usage
  }
  const said = error instanceof Error ? (error.stack ?? error.message) : String(error)
  if (json) terminal.out(jsonLine({ error: { code: 'bug', problem: said, cure: 'a bug of ours: please report it' } }))
  else terminal.err(`affidavit: this is a bug of ours; please report it with these lines\n${said}\n`)
  return EXIT.bug
}

// Where letting go failed too, what came first is what a person can do something about.
function firstOf(error: unknown): unknown {
  return error instanceof SuppressedError ? firstOf(error.suppressed) : error
}
