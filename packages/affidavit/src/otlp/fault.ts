/** Why a request body is no telemetry. The emitter must not send it again as it is. */
export class OtlpFault extends Error {
  readonly kind: 'malformed' | 'too-large'
  /** `resourceSpans[0].scopeSpans[0]`; empty for the whole body. */
  readonly path: string
  readonly problem: string

  constructor(kind: OtlpFault['kind'], path: string, problem: string) {
    super(path === '' ? problem : `${path}: ${problem}`)
    this.name = 'OtlpFault'
    this.kind = kind
    this.path = path
    this.problem = problem
  }
}

/** Why one span or log record is not taken; the others of its request are. */
export class ItemFault extends Error {
  readonly path: string
  readonly problem: string

  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`)
    this.name = 'ItemFault'
    this.path = path
    this.problem = problem
  }
}
