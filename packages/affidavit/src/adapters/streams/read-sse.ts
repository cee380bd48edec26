// Reads server-sent events as they come (WHATWG HTML §9.2.5, §9.2.6): bytes in, whole events out, wherever the chunks part them.

export interface SseEvent {
  /** Of its `event` line. */
  readonly name: string | undefined
  /** Its `data` lines, joined by newlines. */
  readonly data: string
}

export interface SseReader {
  /** The events that these bytes complete. */
  take(bytes: Uint8Array): SseEvent[]
  /** What the end of the stream completes: the standard drops an event without its empty line, SDKs do not. */
  end(): SseEvent[]
}

export function sseReader(): SseReader {
  const decoder = new TextDecoder()
  let line = ''
  // A line ends with \r, \n or \r\n, and the two of the last may come apart.
  let endedWithReturn = false
  let name: string | undefined
  let data: string[] = []

  function read(text: string): SseEvent[] {
    const events: SseEvent[] = []
    let from = endedWithReturn && text.startsWith('\n') ? 1 : 0
    if (text !== '') endedWithReturn = text.endsWith('\r')
    for (const { 0: lineEnd, index } of text.matchAll(/\r\n|\r|\n/g)) {
      if (index < from) continue
      const event = readLine(line + text.slice(from, index))
      if (event !== undefined) events.push(event)
      line = ''
      from = index + lineEnd.length
    }
    line += text.slice(from)
    return events
  }

  function readLine(text: string): SseEvent | undefined {
    if (text === '') return dispatch()
    const colon = text.indexOf(':')
    const field = colon === -1 ? text : text.slice(0, colon)
    const value = colon === -1 ? '' : text.slice(colon + (text[colon + 1] === ' ' ? 2 : 1))
    if (field === 'event') name = value
    if (field === 'data') data.push(value)
    return undefined
  }

  function dispatch(): SseEvent | undefined {
    const event = data.length === 0 ? undefined : { name, data: data.join('\n') }
    name = undefined
    data = []
    return event
  }

  return {
    take: (bytes) => read(decoder.decode(bytes, { stream: true })),
    end: () => read(`${decoder.decode()}\n\n`),
  }
}
