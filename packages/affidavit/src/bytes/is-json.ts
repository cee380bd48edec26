// Whether a text is JSON at all (RFC 8259), whatever it holds and however it is written.

export function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}
