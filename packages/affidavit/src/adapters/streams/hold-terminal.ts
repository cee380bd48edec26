// Passes the body of a response on as it comes, and holds back its end until what became of it is recorded (spec/capture.md, C2). What
// fails here fails where the body is read, after the client's loop of retries: a provider is not called again for it (C3).

import type { Ended } from '../../capture/steps.ts'

/** Knows how a body ends, in the provider's format. Neither function throws. */
export interface BodyWatch {
  /**
   * Reads on. How the body ended, where its last event is in these bytes; `hold` where they hand over something that is acted upon,
   * such as a call of a tool: from here on nothing is passed on before the end.
   */
  take(bytes: Uint8Array): Ended | 'hold' | undefined
  /** How it ended, where the connection did first. */
  over(): Ended
}

export interface Held {
  readonly watch: BodyWatch
  /** Of the request: whoever aborts has cancelled the body, whether it is being read or not. */
  readonly signal?: AbortSignal | null | undefined
  /** Called once; resolves when it is durable. Where it is refused, the reader gets that error instead of the end. */
  readonly onEnd: (ended: Ended, error?: unknown) => Promise<void>
}

export function holdTerminal(body: ReadableStream<Uint8Array>, held: Held): ReadableStream<Uint8Array> {
  const { watch, signal, onEnd } = held
  const reader = body.getReader()
  let recorded: Promise<void> | undefined
  let onAbort = (): void => undefined

  function end(ended: Ended, error?: unknown): Promise<void> {
    signal?.removeEventListener('abort', onAbort)
    recorded ??= onEnd(ended, error)
    return recorded
  }

  /** The reader of a body that was aborted may never come back to it: its end is recorded at once. */
  function watchAbort(controller: ReadableStreamDefaultController<Uint8Array>): void {
    // Signals outlive requests: one must not keep a body alive that nobody reads any more.
    const weak = new WeakRef(controller)
    const fail = (error: unknown): void => weak.deref()?.error(error)
    onAbort = () => void end('cancelled', signal?.reason).then(() => fail(signal?.reason), fail)
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
  }

  async function next(): Promise<Uint8Array | undefined> {
    try {
      return (await reader.read()).value
    } catch (error) {
      await end(isAbort(error) || signal?.aborted ? 'cancelled' : 'cut', error)
      throw error
    }
  }

  /** Passes on what comes next; once it holds back, all that comes up to the end. */
  async function pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const pieces: Uint8Array[] = []
    let isHolding = false
    for (;;) {
      const bytes = await next()
      if (bytes === undefined) {
        await end(watch.over())
        for (const piece of pieces) controller.enqueue(piece)
        return controller.close()
      }
      let from = 0
      for (const [at, part] of partsOf(bytes)) {
        const seen = recorded === undefined ? watch.take(part) : undefined
        if (seen === undefined) continue
        // What came before in the same piece does not wait for it.
        if (!isHolding && at > 0) controller.enqueue(bytes.subarray(0, at))
        if (!isHolding) from = at
        isHolding = true
        if (seen !== 'hold') await end(seen)
      }
      pieces.push(bytes.subarray(from))
      if (isHolding && recorded === undefined) continue
      for (const piece of pieces) controller.enqueue(piece)
      return
    }
  }

  return new ReadableStream(
    {
      start: watchAbort,
      async pull(controller) {
        try {
          await pull(controller)
        } catch (error) {
          // Nobody reads on: the connection is given back.
          reader.cancel(error).catch(() => undefined)
          throw error
        }
      },
      async cancel(reason) {
        await Promise.all([end('cancelled', reason), reader.cancel(reason).catch(() => undefined)])
      },
    },
    // Read no further than the application does: what it never asks for, it was not given.
    { highWaterMark: 0 },
  )
}

/** Up to each empty line, behind which an event of a stream is over, and where each part begins. */
function* partsOf(bytes: Uint8Array): Generator<readonly [at: number, part: Uint8Array]> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  for (let line = buffer.indexOf('\n\n'); line !== -1; line = buffer.indexOf('\n\n', at)) {
    yield [at, bytes.subarray(at, line + 2)]
    at = line + 2
  }
  if (at < bytes.length) yield [at, bytes.subarray(at)]
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}
