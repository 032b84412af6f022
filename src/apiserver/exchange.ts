/** What the steps of the pipeline hand on to each other about one request. */
import type { StatusError } from '#api/machinery/status.ts'
import type { Tunnel } from '#client/forwarding/forwarder.ts'
import type { MessageForm } from '#client/serving/handler.ts'
import type { ApiRequest, ApiResponse, DuplexChannels } from '#client/transport.ts'
import type { AuditRecord } from './audit/record.ts'
import { anonymous, type Peer, type UserInfo } from './authentication/authenticator.ts'
import type { Flow } from './flow-control/flow-control.ts'
import type { RequestInfo } from './request-info.ts'
import type { ServerContext } from './server-context.ts'

export interface Exchange {
  readonly server: ServerContext
  /** Without what only this server may read, once it is known who asks. */
  request: ApiRequest
  readonly peer: Peer
  info: RequestInfo
  user: UserInfo
  /** Where flow control has put it; undefined where nothing holds it up. */
  flow: Flow | undefined
  /** Texts for the answer's Warning headers. */
  readonly warnings: string[]
  /** Wall clock, where there is an audit log, else 0. */
  readonly receivedMs: number
  /** For `auditIdOf` alone. */
  auditId: string
  /** What the audit log is to know of it; undefined until it is known who asks, and where nothing of it is wanted. */
  audit: AuditRecord | undefined
  /** Whether the audit policy was asked. */
  isAuditDecided: boolean
  /** What is noted for the audit log, by key; undefined where nothing is. */
  auditAnnotations: Map<string, string> | undefined
  /** What took how long, of what the audit log tells of slow requests. */
  latenciesMs: Map<string, number> | undefined
  /** It is about a custom resource, which has no protobuf. */
  isCustom: boolean
  /** Why its body could not be taken; undefined where it could. */
  refusal: StatusError | undefined
  /** The client wants the connection to carry streams (exec, attach, port-forward). */
  readonly wantsStream: boolean
  /** What the streams are to be joined to; set by the handler that answers 101. */
  stream: Stream | undefined
  /** How the stream that is answered is told over a web socket; unset for what was another server's answer, whose pieces mean nothing. */
  messageForm: MessageForm | undefined
  /** A proxied target's connection that took an upgrade; set by the handler that answers 101. */
  tunnel: Tunnel | undefined
}

export type StreamKind = 'exec' | 'attach' | 'portforward'

export interface Stream {
  readonly kind: StreamKind
  /** Opens the other end; port-forward opens one for each connection to a port. */
  dial(port?: number): Promise<DuplexChannels>
}

/** By which people talk of a request: its client's own, or one that is made where somebody asks for it. */
export function auditIdOf(exchange: Exchange): string {
  if (exchange.auditId === '') {
    const own = exchange.request.headers?.['audit-id'] ?? ''
    exchange.auditId = IN_A_HEADER.test(own) ? own : exchange.server.random.uuid()
  }
  return exchange.auditId
}
/** It goes with the answer. */
const IN_A_HEADER = /^[\x20-\x7e\x80-\xff]+$/

/** One step of the pipeline: does its part and calls `next`, or answers by itself. */
export type Step = (exchange: Exchange, next: () => Promise<ApiResponse>) => Promise<ApiResponse>

/** Of a request that nobody has read yet, or could read. */
export const NO_INFO: RequestInfo = Object.freeze({
  isResourceRequest: false,
  hasVerbInPath: false,
  path: '',
  query: new URLSearchParams(),
  verb: '',
  prefix: '',
  group: '',
  version: '',
  namespace: '',
  resource: '',
  subresource: '',
  name: '',
  rest: [],
})

export function newExchange(
  server: ServerContext,
  request: ApiRequest,
  peer: Peer,
  wantsStream = false,
): Exchange {
  return {
    server,
    request,
    peer,
    receivedMs: server.audit ? server.clock.now() : 0,
    auditId: '',
    audit: undefined,
    isAuditDecided: false,
    latenciesMs: undefined,
    info: NO_INFO,
    user: anonymous,
    flow: undefined,
    warnings: [],
    auditAnnotations: undefined,
    isCustom: false,
    refusal: undefined,
    wantsStream,
    stream: undefined,
    messageForm: undefined,
    tunnel: undefined,
  }
}
