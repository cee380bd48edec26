// The one thing a verifier throws: the machine did not let it look. What is wrong with the data is a finding.

/** `unavailable`: a file or folder could not be read, and that says nothing about its content. `cause` has the reason. */
export class VerifyError extends Error {
  readonly code = 'unavailable'
  readonly problem: string

  constructor(problem: string, cause: unknown) {
    super(`unavailable: ${problem}`, { cause })
    this.name = 'VerifyError'
    this.problem = problem
  }
}
