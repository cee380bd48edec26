import type { Command } from 'commander'

import { parseAccessPolicy } from '../../access/parse.ts'
import { type AccessPolicy, mayDo } from '../../access/policy.ts'
import { ACTS, type Act, type Role } from '../../access/roles.ts'
import { formatVerifierKey } from '../../formats/verifier-key.ts'
import { jsonOption } from '../options.ts'
import { counted, jsonDocument, printable, type Terminal } from '../output.ts'
import { readDocumentFile } from '../read-document.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options {
  readonly json?: boolean
}

/** One line of the answer: a person, or everybody else. */
interface Standing {
  readonly person: string
  readonly roles: readonly Role[]
  readonly may: readonly Act[]
}

export function addAccess(program: Command, { terminal }: Surroundings): void {
  const access = program.command('access').description('The access policy: who may do what with a ledger.')
  access
    .command('check')
    .description('Check an access policy, and show what each person may do by it. Changes nothing.')
    .argument('<file>', 'the policy: .yaml, .yml or .json')
    .addOption(jsonOption())
    .action((file: string, options: Options) => {
      const { text, format } = readDocumentFile('file', file)
      const policy = parseAccessPolicy(text, format, file)
      if (options.json === true) terminal.out(jsonDocument(documentOf(policy)))
      else print(file, policy, terminal)
    })
}

// Asked of the policy as the ledger asks it, so that the answer here is the answer there.
function standingsOf(policy: AccessPolicy): Standing[] {
  return [...policy.people].map(([person, { roles }]) => ({
    person,
    roles,
    may: ACTS.filter((act) => mayDo(policy, person, act).allowed),
  }))
}

function standingOfOthers(policy: AccessPolicy): Standing {
  // No person has an empty name.
  const may = ACTS.filter((act) => mayDo(policy, '', act).allowed)
  return { person: 'everybody else', roles: policy.everybody_else, may }
}

function documentOf(policy: AccessPolicy): object {
  const { revision, digest, people } = policy
  const named = standingsOf(policy).map((standing) => {
    const key = people.get(standing.person)?.approval_key
    return key === undefined ? standing : { ...standing, approval_key: formatVerifierKey(key) }
  })
  const { roles, may } = standingOfOthers(policy)
  return { ok: true, revision, digest, people: named, everybody_else: { roles, may } }
}

function print(file: string, policy: AccessPolicy, terminal: Terminal): void {
  const { revision, digest, people } = policy
  terminal.out(
    `${printable(file)}: revision ${revision}, ${counted(people.size, 'named person')}\n  digest ${digest}\n\n`,
  )
  // Never cut to the width of a terminal: what is missing would read as not allowed.
  for (const { person, roles, may } of [...standingsOf(policy), standingOfOthers(policy)]) {
    const held = roles.length === 0 ? 'no role' : roles.join(', ')
    terminal.out(
      `  ${terminal.style('bold', printable(person))}  ${held}\n    may ${may.length === 0 ? 'do nothing' : may.join(', ')}\n`,
    )
  }
}
