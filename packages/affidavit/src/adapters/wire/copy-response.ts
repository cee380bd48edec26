/** The response as it came, with another body. */
export function copyOf(response: Response, body: string | ReadableStream<Uint8Array>): Response {
  const { status, statusText, headers, url } = response
  const copy = new Response(body, { status, statusText, headers })
  // A response that is made has no URL of its own.
  return Object.defineProperty(copy, 'url', { value: url })
}
