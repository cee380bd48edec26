// The part of the driver pg that the store uses. A Pool of pg fits, the caller's own too; it is loaded only where a URL is given.

/** One statement, as pg takes it. `name`: prepared once for each connection. */
export interface Statement {
  readonly text: string
  readonly values?: readonly unknown[]
  readonly name?: string
  /** Rows as arrays, in the order of their columns. */
  readonly rowMode?: 'array'
}

export interface PgResult {
  /** The first word of the command tag: `COMMIT`, `INSERT`. */
  readonly command: string
  readonly rowCount: number | null
  readonly rows: readonly unknown[]
}

export interface PgClient {
  /** Whether statements may be sent before those ahead of them are answered. */
  readonly pipeline?: boolean
  query(statement: { text: string; values?: unknown[]; name?: string; rowMode?: 'array' }): Promise<PgResult>
  /** @param error the connection is not to be used again */
  release(error?: Error | boolean): void
  on(event: 'error' | 'notice', listener: (what: Error) => void): unknown
  off(event: 'error' | 'notice', listener: (what: Error) => void): unknown
}

export interface PgPool {
  connect(): Promise<PgClient>
  on(event: 'error', listener: (what: Error) => void): unknown
  on(event: 'connect', listener: (client: Pick<PgClient, 'on'>) => void): unknown
  off(event: 'error', listener: (what: Error) => void): unknown
  off(event: 'connect', listener: (client: Pick<PgClient, 'on'>) => void): unknown
  end(): Promise<void>
}

/** The SQLSTATE of what the server answered (PostgreSQL, appendix A); `undefined` where no answer came. */
export function sqlState(error: unknown): string | undefined {
  // Each answer has a severity (§55.8). What the system says of a socket has none, and may look like an SQLSTATE: EPIPE.
  if (typeof error !== 'object' || error === null || !('code' in error && 'severity' in error)) return undefined
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined
}

/** Whether an error says that the connection is over, or that nothing is known of it. */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlState(error)
  // Class 08: connection exceptions; 57P: the server shuts down, crashes, or ended the session; 25P04: ended it for its
  // transaction_timeout, which may have run out at the very COMMIT.
  return state === undefined || /^(08|57P|25P04)/.test(state)
}

/** Answers in the order of the statements. Sent at once where the connection can; a failed one fails those behind it. */
export async function inOneGo(client: PgClient, statements: readonly Statement[]): Promise<readonly PgResult[]> {
  if (client.pipeline === true) {
    const answers = await Promise.allSettled(statements.map((statement) => run(client, statement)))
    // The first to fail is why: what comes behind it is refused for that.
    for (const answer of answers) if (answer.status === 'rejected') throw answer.reason
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  }
  const results: PgResult[] = []
  for (const statement of statements) results.push(await run(client, statement))
  return results
}

export function run(client: PgClient, { values, ...statement }: Statement): Promise<PgResult> {
  return client.query({ ...statement, ...(values === undefined ? {} : { values: [...values] }) })
}

/** A value of another type than its column: the schema is not the one that was released. */
export class ColumnFault extends TypeError {}

export function column(row: unknown, name: string): unknown {
  return typeof row === 'object' && row !== null ? Reflect.get(row, name) : undefined
}

/** pg gives a bigint as text. */
export function integerColumn(row: unknown, name: string): number {
  const value = column(row, name)
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw new ColumnFault(`column ${name} is no integer`)
  return number
}

export function textColumn(row: unknown, name: string): string {
  const value = column(row, name)
  if (typeof value !== 'string') throw new ColumnFault(`column ${name} is no text`)
  return value
}

export function textsColumn(row: unknown, name: string): readonly string[] {
  const value = column(row, name)
  if (!Array.isArray(value)) throw new ColumnFault(`column ${name} is no array`)
  return value.map((text) => textColumn({ text }, 'text'))
}

export function bytesColumn(row: unknown, name: string): Uint8Array {
  const value = column(row, name)
  if (!(value instanceof Uint8Array)) throw new ColumnFault(`column ${name} is no bytea`)
  return value
}
