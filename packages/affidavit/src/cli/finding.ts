// One line of what doctor found.

export interface Finding {
  readonly state: 'ok' | 'warn' | 'fail'
  readonly about: string
  readonly says: string
  readonly cure?: string
}

export function ok(about: string, says: string): Finding {
  return { state: 'ok', about, says }
}

export function warn(about: string, says: string, cure: string): Finding {
  return { state: 'warn', about, says, cure }
}

export function fail(about: string, says: string, cure?: string): Finding {
  return { state: 'fail', about, says, ...(cure === undefined ? {} : { cure }) }
}
