// The body of a refusal. A client that tries again drops it; one that gives up reads it, for its error: that is how the two are told
// apart, whatever the client's rules are. What is read is held back until the outcome is recorded (spec/capture.md, C2).

export interface Refusal {
  /** The client gives up. Resolves when that is durable. */
  readonly onRead: (text: string) => Promise<void>
  /** The client tries again. */
  readonly onDropped: () => void
}

export function watchRefusal(
  body: ReadableStream<Uint8Array> | null,
  { onRead, onDropped }: Refusal,
): ReadableStream<Uint8Array> {
  const source = new Response(body)
  let isDropped = false
  return new ReadableStream(
    {
      async pull(controller) {
        const read = await source.bytes().catch((error: unknown) => ({ error }))
        if (isDropped) return
        await onRead('error' in read ? '' : new TextDecoder().decode(read))
        if ('error' in read) throw read.error
        if (read.length > 0) controller.enqueue(read)
        controller.close()
      },
      async cancel(reason) {
        isDropped = true
        onDropped()
        // Where it is being read, the read ends by itself.
        await source.body?.cancel(reason).catch(() => undefined)
      },
    },
    { highWaterMark: 0 },
  )
}
