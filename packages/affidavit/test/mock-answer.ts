// What a mocked provider is told to do with a call, and the ways to say it.

/** What a model answers, whatever the provider's format. */
export interface Answer {
  readonly text?: string
  readonly calls?: readonly AskedCall[]
}

export interface AskedCall {
  readonly id: string
  readonly name: string
  /** JSON, as a model would write it: it need not parse. */
  readonly arguments: string
}

/** How an answer gets to the client. `after` counts events of a stream; a negative number counts from its end, as `slice` does. */
export type Delivery =
  | { readonly kind: 'whole' }
  /** As chunks of so many bytes, whatever they part: events, lines, characters. */
  | { readonly kind: 'pieces'; readonly bytes: number }
  /** Half of a JSON body, or a stream's first events; then a proper end of the response, or a reset. */
  | { readonly kind: 'cut'; readonly after: number; readonly by: 'end' | 'reset' }
  /** What follows the first events (0: the response's head too) waits for the hold to be released. */
  | { readonly kind: 'held'; readonly after: number; readonly hold: Hold }
  /** A body, or one event of a stream, is no JSON. */
  | { readonly kind: 'malformed' }

export type Behaviour =
  | { readonly does: 'answer'; readonly answer: Answer; readonly delivery: Delivery }
  | { readonly does: 'refuse'; readonly status: number; readonly retryAfterMs: number }

/** Keeps a provider waiting until the test says so. */
export interface Hold {
  /** Resolves when the provider has come to it: what precedes it was sent. */
  readonly reached: Promise<void>
  release(): void
  /** For the provider. */
  wait(): Promise<void>
}

export function says(text: string): Behaviour {
  return { does: 'answer', answer: { text }, delivery: { kind: 'whole' } }
}

export function asks(...calls: readonly AskedCall[]): Behaviour {
  return { does: 'answer', answer: { calls }, delivery: { kind: 'whole' } }
}

/** SDKs take a wait of 0 for none, and wait as long as they think best. */
export function status(code: number, { retryAfterMs = 1 }: { retryAfterMs?: number } = {}): Behaviour {
  return { does: 'refuse', status: code, retryAfterMs }
}

/** A stream that ends before its last event: properly, or with its connection. */
export function cut({ after = -1, by = 'reset' }: { after?: number; by?: 'end' | 'reset' } = {}): Behaviour {
  return { does: 'answer', answer: { text: SOME_TEXT }, delivery: { kind: 'cut', after, by } }
}

export function malformed(): Behaviour {
  return { does: 'answer', answer: { text: SOME_TEXT }, delivery: { kind: 'malformed' } }
}

/** Waits before its answer, or within it. Without a release it hangs until the client leaves, or the provider is closed. */
export function slow(held: Hold, { after = 0 }: { after?: number } = {}): Behaviour {
  return { does: 'answer', answer: { text: SOME_TEXT }, delivery: { kind: 'held', after, hold: held } }
}

/** More than the buffers between the two hold: who does not read it has not got all of it. */
export function unread(): Behaviour {
  return { does: 'answer', answer: { text: `${'x'.repeat(65_535)} `.repeat(256) }, delivery: { kind: 'whole' } }
}

export function inPieces(of: Answer, bytes: number): Behaviour {
  return { does: 'answer', answer: of, delivery: { kind: 'pieces', bytes } }
}

export const SOME_TEXT = 'It is sunny in Paris and Rome.'

export function hold(): Hold {
  const reached = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  return {
    reached: reached.promise,
    release: () => released.resolve(),
    wait() {
      reached.resolve()
      return released.promise
    },
  }
}

/** As a model that streams gives its text: word by word. */
export function pieces(text: string): string[] {
  return text === '' ? [] : (text.match(/\S*\s*/g) ?? []).filter((piece) => piece !== '')
}

/** Arguments come in pieces that part strings. */
export function argumentPieces(json: string): string[] {
  const third = Math.max(1, Math.ceil(json.length / 3))
  return [json.slice(0, third), json.slice(third, 2 * third), json.slice(2 * third)].filter((piece) => piece !== '')
}
