/** A draft that cannot be admitted: `path` names the field, the message the problem and the cure. */
export class DraftFault extends Error {
  readonly path: string

  constructor(path: string, problem: string, cause?: unknown) {
    super(path === '' ? problem : `${path}: ${problem}`, { cause })
    this.name = 'DraftFault'
    this.path = path
  }
}
