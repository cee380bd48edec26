// What a program calls by one name, a command line calls by another: a refusal names what the person wrote.

import { LedgerError } from '../errors/ledger-error.ts'

/**
 * @param names the option, or the file, behind each path that a refusal may have
 * @throws LedgerError with the path, and the problem where it begins with that, as the command line has it
 */
export async function inOptions<Done>(
  names: { readonly [path: string]: string },
  work: () => Done | Promise<Done>,
): Promise<Done> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof LedgerError ? renamed(error, names) : error
  }
}

function renamed(error: LedgerError, names: { readonly [path: string]: string }): LedgerError {
  const { code, problem, cure, path = '' } = error
  const name = Object.hasOwn(names, path) ? names[path] : undefined
  if (name === undefined) return error
  const rest = problem.startsWith(path) ? problem.slice(path.length) : `: ${problem}`
  return new LedgerError(code, {
    problem: `${name}${rest}`,
    ...(cure === undefined ? {} : { cure }),
    path: name,
    cause: error,
  })
}
