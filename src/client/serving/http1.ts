/** HTTP/1.1: one request after the other, and the upgrades to streams. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '#base/clock.ts'
import { nodeHttp } from '../node-http.ts'
import { spdyUpgrade } from '../streaming/spdy/upgrade.ts'
import type { Connection } from './connections.ts'
import { headersOf, wireHeaders } from './http1-headers.ts'
import type { ServingLimits } from './limits.ts'
import { serveUpgrade } from './upgrade.ts'
import { incomingFor, incomingOf, isMethod, outgoingOf, type Wire } from './wire.ts'

export interface Http1Options {
  readonly limits: ServingLimits
  readonly clock: Clock
  readonly serve: (wire: Wire, connection: Connection) => void
}

interface State {
  readonly connection: Connection
  answering: number
  retired: boolean
  /** Ends the wait for the next request. */
  cancelWait: () => void
}

/** Takes over connections whose clients chose HTTP/1.1, or made no choice. */
export function createHttp1(options: Http1Options): (connection: Connection) => void {
  const { limits, clock, serve } = options
  const states = new WeakMap<object, State>()
  const server = nodeHttp().createServer({
    maxHeaderSize: limits.headerBytes,
    keepAliveTimeout: limits.idleMs,
    // Any other upgrade (h2c, say) is no reason not to answer the request.
    shouldUpgradeCallback: isStreamUpgrade,
  })
  const take = (request: IncomingMessage, response: ServerResponse) => {
    const state = states.get(request.socket)
    if (!state) return void response.destroy()
    state.cancelWait()
    state.answering++
    response.once('close', () => answered(state))
    const wire = wireOf(request, response, state)
    if (wire) serve(wire, state.connection)
  }
  server.on('request', take)
  // By itself node tells every client that asks to send its body.
  server.on('checkContinue', take)
  server.on('upgrade', (request, socket, head) => {
    const state = states.get(request.socket)
    if (!state) return socket.destroy()
    state.cancelWait()
    void serveUpgrade({ request, socket, head }, state.connection)
  })

  function answered(state: State): void {
    state.answering--
    if (state.answering > 0) return
    if (state.retired) state.connection.socket.destroySoon()
    // node ends a connection that says nothing; this is for one that says it slowly.
    else waitForRequest(state, limits.idleMs + limits.headersMs)
  }
  function waitForRequest(state: State, timeoutMs: number): void {
    const { socket } = state.connection
    state.cancelWait()
    if (socket.destroyed) return
    state.cancelWait = clock.after(timeoutMs, () => socket.destroy())
  }
  return connection => {
    const { socket } = connection
    const state: State = { connection, answering: 0, retired: false, cancelWait() {} }
    states.set(socket, state)
    waitForRequest(state, limits.headersMs)
    socket.once('close', () => state.cancelWait())
    connection.answering = () => state.answering
    connection.retire = () => {
      state.retired = true
      if (state.answering === 0) socket.destroySoon()
    }
    server.emit('connection', socket)
  }
}

function isStreamUpgrade({ headers }: IncomingMessage): boolean {
  const wanted = headers.upgrade?.toLowerCase()
  return wanted === 'websocket' || wanted === spdyUpgrade.toLowerCase()
}

function wireOf(
  request: IncomingMessage,
  response: ServerResponse,
  state: State,
): Wire | undefined {
  const { method = '', url = '', headers } = request
  response.on('error', () => {}) // `close` follows, and is what everybody listens to.
  if (!isMethod(method)) {
    response.writeHead(405).end()
    return undefined
  }
  const announced = headers['content-length'] ?? '0'
  const hasBody = headers['transfer-encoding'] !== undefined || announced !== '0'
  let isAwaited = !hasBody || headers.expect === undefined
  const goOn = () => {
    isAwaited = true
    response.writeContinue()
  }
  const names = headersOf(request.rawHeaders, state.connection.context.handler.keepsApart)
  return {
    method,
    path: url,
    headers: names,
    peer: state.connection.peer,
    incoming: hasBody ? incomingFor(names, incomingOf(request), goOn) : undefined,
    outgoing: outgoingOf(response),
    begin(status, answer, hasBody) {
      if (response.destroyed || response.headersSent) return
      // Whether the body comes after a refusal is the client's choice, so nobody knows where the next request would begin.
      if (state.retired || !isAwaited) response.shouldKeepAlive = false
      response.writeHead(status, wireHeaders(answer))
      if (!hasBody) response.end()
      else if (answer['content-length'] === undefined) response.flushHeaders()
    },
    reset: () => request.socket.destroy(),
    retire: state.connection.retire,
  }
}
