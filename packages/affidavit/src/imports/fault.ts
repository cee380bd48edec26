// What cannot be imported: a line, a file that cannot be opened. Says where, never what a message says.

/** `path` is the place inside the line, `messages[3].role`; empty where it is the whole. */
export class ImportFault extends Error {
  readonly path: string
  readonly problem: string

  constructor(path: string, problem: string, options: ErrorOptions = {}) {
    super(path === '' ? problem : `${path}: ${problem}`, options)
    this.name = 'ImportFault'
    this.path = path
    this.problem = problem
  }
}
