// Requests that come on one connection before the last was answered (HTTP pipelining): few clients send any, and each would hold its
// answer in memory until the ones before it are taken (spec/http.md §12).

import type { RequestListener } from 'node:http'
import type { Socket } from 'node:net'

/** Of one connection at once. */
const AT_ONCE = 32

/** Cuts off a connection that asks for more. */
export function fewOfAConnection(handler: RequestListener): RequestListener {
  const open = new WeakMap<Socket, number>()
  return (request, response) => {
    const { socket } = request
    if (socket.destroyed) return
    const before = open.get(socket) ?? 0
    if (before >= AT_ONCE) {
      socket.destroy()
      return
    }
    open.set(socket, before + 1)
    response.once('close', () => open.set(socket, (open.get(socket) ?? 1) - 1))
    handler(request, response)
  }
}
