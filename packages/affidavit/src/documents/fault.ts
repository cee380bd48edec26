// What is wrong with a document, and where (spec/registry.md §1). A fault quotes names of the file, never other values of it.

/** What the document should have been: the code that scripts are told. */
export type DocumentCode = 'invalid-registry' | 'invalid-access-policy' | 'invalid-retention-set' | 'invalid-api-keys'

/** Refused: where it stands, what is wrong there, and how it becomes right. */
export class DocumentFault extends Error {
  readonly code: DocumentCode
  readonly file: string
  /** Counted from 1; `undefined` where only the path is known. */
  readonly line: number | undefined
  /** `tools.get_chart.touches[0].access`; empty where it is the whole file. */
  readonly path: string
  readonly problem: string
  readonly cure: string

  constructor(code: DocumentCode, file: string, line: number | undefined, flaw: Flaw) {
    const place = line === undefined ? file : `${file}:${line}`
    const path = withoutCredentials(flaw.path)
    const what = path === '' ? flaw.problem : `${path}: ${flaw.problem}`
    super(`${place}: ${what}; ${flaw.cure}`, { cause: flaw.cause })
    this.name = 'DocumentFault'
    this.code = code
    this.file = file
    this.line = line
    this.path = path
    this.problem = flaw.problem
    this.cure = flaw.cure
  }
}

// A name may be a URI with a password in it; that is one of the faults.
function withoutCredentials(path: string): string {
  return path.replace(/:\/\/.*@/, '://…@')
}

/** A fault on its way up: thrown where the file's name is not known, and caught by parseDocument only. */
export class Flaw extends Error {
  readonly path: string
  readonly problem: string
  readonly cure: string
  readonly line: number | undefined

  constructor(path: string, problem: string, cure: string, line?: number, options: ErrorOptions = {}) {
    super(problem, options)
    this.name = 'Flaw'
    this.path = path
    this.problem = problem
    this.cure = cure
    this.line = line
  }
}
