// IP addresses of both versions (spec/detection.md §2).

import type { Detection } from '../detector.ts'
import type { DetectAt } from '../place.ts'
import { continuesNumber, isContinued, isWordAt, matchAt } from '../tokens.ts'

const PRODUCT = /^[A-Za-z]\/$/
const IPV4 = /(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})/y

/** Four numbers to 255, written without leading zeros. What is called a version is one, and so is Chrome/120.0.0.0. */
export const detectIpv4: DetectAt = ({ text, start, end, label }, found) => {
  if (text.charAt(end) !== '.' || continuesNumber(text, start)) return
  const match = matchAt(IPV4, text, start)
  if (match === undefined || label?.meaning === 'version' || PRODUCT.test(text.slice(start - 2, start))) return
  const stop = start + match[0].length
  const parts = match.slice(1)
  if (isContinued(text, stop) || !parts.every(isOctet) || namesNobody(parts)) return
  found.push({ type: 'ip_address', start, end: stop })
}

function isOctet(part: string): boolean {
  return part === '0' || (!part.startsWith('0') && Number(part) <= 255)
}

// This host, loopback, network masks and broadcast.
function namesNobody([first]: readonly string[]): boolean {
  return first === '0' || first === '127' || first === '255'
}

const MAX_IPV6 = 45

/** Adds what reads as an address around each colon, once for a run. */
export function detectIpv6(text: string, found: Detection[]): void {
  for (let at = text.indexOf(':'); at !== -1; ) {
    const start = groupStart(text, at)
    let end = at
    while (isAddressPart(text, end)) end++
    if (start < at || text.charAt(at + 1) === ':') addIpv6(text, start, end, found)
    at = text.indexOf(':', end)
  }
}

function addIpv6(text: string, start: number, end: number, found: Detection[]): void {
  let stop = end
  // The mark of a sentence is no part of it: "from 2001:db8::1."
  if (text.charAt(stop - 1) === '.' || (text.charAt(stop - 1) === ':' && text.charAt(stop - 2) !== ':')) stop--
  if (stop - start > MAX_IPV6 || isWordAt(text, stop) || isWordAt(text, start - 1)) return
  const address = text.slice(start, stop)
  if (isIpv6(address) && isHostLike(address)) found.push({ type: 'ip_address', start, end: stop })
}

/** RFC 4291 §2.2: eight groups, or fewer with one `::`; the last two may be written as IPv4. */
export function isIpv6(address: string): boolean {
  const [head = '', tail, ...more] = address.split('::')
  if (more.length > 0) return false
  if (tail === undefined) return groupsIn(head, 'last') === 8
  const groups = groupsIn(head, 'first') + groupsIn(tail, 'last')
  return groups <= 7
}

/** How many groups a part has; NaN, which is no number of groups, for a malformed one. */
function groupsIn(part: string, place: 'first' | 'last'): number {
  if (part === '') return 0
  const groups = part.split(':')
  const last = groups.at(-1) ?? ''
  const dotted = place === 'last' && last.includes('.')
  const hex = dotted ? groups.slice(0, -1) : groups
  if (!hex.every((group) => GROUP.test(group)) || (dotted && !isDotted(last))) return Number.NaN
  return hex.length + (dotted ? 2 : 0)
}

const GROUP = /^[0-9a-fA-F]{1,4}$/

function isDotted(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && isOctet(part))
}

// With `::`, names of programs read as addresses (`Face::Bad`), so that a prefix in use is asked for as well: global,
// unique local, link-local, or IPv4 written in it. `::1` is this host.
function isHostLike(address: string): boolean {
  if (!address.includes('::')) return true
  return /^(?:[23][0-9a-f]{3}:|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:|::ffff:\d|64:ff9b:)/i.test(address)
}

function groupStart(text: string, at: number): number {
  let start = at
  while (start > 0 && at - start < 4 && isHex(text, start - 1)) start--
  return start
}

function isAddressPart(text: string, at: number): boolean {
  const char = text.charAt(at)
  return char === ':' || char === '.' || isHex(text, at)
}

function isHex(text: string, at: number): boolean {
  const code = text.charCodeAt(at) | 0x20
  return (code >= 0x61 && code <= 0x66) || (isWordAt(text, at) && code >= 0x30 && code <= 0x39)
}
