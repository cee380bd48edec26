// One spelling of a URI (WHATWG URL): names that lead to the same place are the same name. Others stay as they are.

const HAS_AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\//i

export function hasAuthority(name: string): boolean {
  return HAS_AUTHORITY.test(name)
}

export function isUri(name: string): boolean {
  return URL.canParse(name)
}

/** A URI with its host in lower case, no default port, no dot segments, no user, no fragment; any other text unchanged. */
export function uriName(name: string): string {
  const url = HAS_AUTHORITY.test(name) ? URL.parse(name) : null
  if (url === null) return name
  url.username = ''
  url.password = ''
  url.hash = ''
  return url.href
}
