/**
 * What is known of one request for the audit log, gathered while it is answered. At each stage that the policy wants an event is made of it
 * and handed to the sinks; nothing of an event changes afterwards.
 */
import { formatDuration } from '#api/machinery/duration.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { Status } from '#api/machinery/status.ts'
import type { ApiResponse } from '#client/transport.ts'
import type { UserInfo } from '../authentication/authenticator.ts'
import type { Attributes, Eventually } from '../authorization/authorizer.ts'
import { auditIdOf, type Exchange } from '../exchange.ts'
import { emptyAsNull } from '../storage/empty-lists.ts'
import type { Representation } from '../storage/stored-object.ts'
import type { AuditLog } from './audit-log.ts'
import type { AuditEvent, Json, ObjectReference, ResponseStatus } from './event.ts'
import {
  inOneLine,
  jsonIn,
  jsonOf,
  jsonOfBody,
  withoutManagedFields,
  withoutOwners,
} from './json.ts'
import { noted } from './notes.ts'
import { type Asked, LEVELS, type Level, type Stage, type Wish } from './policy.ts'
import { sourceIpsOf } from './source-ips.ts'

const MAXIMUM_USER_AGENT = 1024
/** A request that takes longer says where its time went. */
const SLOW_MS = 500

const isAtLeast = (level: Level, least: Level) => LEVELS.indexOf(level) >= LEVELS.indexOf(least)

interface Typed {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export class AuditRecord {
  /** Whether bodies are told, so that whoever reads or makes them has to give them in full. */
  readonly wantsRequest: boolean
  readonly wantsResponse: boolean
  readonly #log: AuditLog
  readonly #exchange: Exchange
  readonly #wish: Wish
  readonly #asked: Asked
  readonly #sourceIps: readonly string[]
  readonly #requestUri: string
  readonly #userAgent: string
  #reference: ObjectReference | undefined
  #impersonated: UserInfo | undefined
  #impersonationConstraint: string | undefined
  #request: Json | undefined
  #status: ResponseStatus | undefined
  #response: Json | undefined
  /** What will be answered, until it is known in which bytes. */
  #answer: { readonly json: () => Json } | undefined
  #isComplete = false

  constructor(log: AuditLog, exchange: Exchange, { asked, wish }: { asked: Asked; wish: Wish }) {
    const { request, peer } = exchange
    const { headers = {} } = request
    this.#log = log
    this.#exchange = exchange
    this.#wish = wish
    this.#asked = asked
    this.#requestUri = request.path
    this.#sourceIps = sourceIpsOf(headers, peer.remoteAddress)
    const userAgent = headers['user-agent'] ?? ''
    this.#userAgent =
      userAgent.length > MAXIMUM_USER_AGENT
        ? `${userAgent.slice(0, MAXIMUM_USER_AGENT)}...TRUNCATED`
        : userAgent
    this.#reference = asked.isResourceRequest ? referenceTo(asked) : undefined
    this.wantsRequest = isAtLeast(wish.level, 'Request')
    this.wantsResponse = isAtLeast(wish.level, 'RequestResponse')
  }

  tells(level: Level): boolean {
    return isAtLeast(this.#wish.level, level)
  }

  /** `constraint` is the verb by which it was allowed, where that was for this action alone. */
  impersonates(user: UserInfo, constraint?: string): void {
    this.#impersonated = user
    this.#impersonationConstraint = constraint
  }

  /** What a body was read as, with defaults, before anybody else has a say. It is written out now, since drafts change. */
  requested({ group, version, kind }: Typed, object: object): void {
    this.concerns(object)
    if (!this.wantsRequest) return
    const shown = emptyAsNull(object as KubernetesObject) as object
    const apiVersion = group ? `${group}/${version}` : version
    this.#request = jsonOf({ kind, apiVersion, ...this.#trimmed(withoutType(shown)) })
  }

  /** What the path leaves open is told by the body. */
  concerns(object: object): void {
    const { metadata = {} } = object as Partial<KubernetesObject>
    const {
      name = '',
      namespace = '',
      uid = '',
      resourceVersion = '',
    } = metadata as Partial<KubernetesObject['metadata']>
    const known = this.#reference ?? referenceTo(this.#asked)
    this.#reference = {
      ...known,
      namespace: known.namespace || namespace,
      name: known.name || name,
      uid: known.uid || uid,
      resourceVersion: known.resourceVersion || resourceVersion,
    }
  }

  /** A patch as it came, or what it says where it came in another form than JSON. */
  patched(body: unknown, value: unknown): void {
    if (!this.wantsRequest) return
    this.#request = (body instanceof Uint8Array ? jsonIn(body) : undefined) ?? jsonOf(value ?? null)
  }

  /** `value` is what the client gets, in whatever form; a Status tells how it went. */
  answers(value: unknown): void {
    if (isStatus(value)) this.#status = statusFields(value)
    if (this.wantsResponse) this.#answer = { json: () => jsonOf(this.#trimmed(value as object)) }
  }

  /** The same of what has its bytes already, or shares them with others. */
  answersStored(shown: Representation): void {
    if (!this.wantsResponse) return
    const { omitsManagedFields } = this.#wish
    this.#answer = {
      json: () =>
        omitsManagedFields ? jsonOf(withoutOwners(emptyAsNull(shown.object))) : [shown.bytes],
    }
  }

  /** The JSON of a list that is answered in another form. */
  answersList(pieces: Json): void {
    const { omitsManagedFields } = this.#wish
    const json = inOneLine(pieces)
    this.#answer = { json: () => (omitsManagedFields ? withoutManagedFields(json) : json) }
  }

  /** A list, whose bytes will be there. */
  answersInJson(): void {
    if (this.wantsResponse) this.#answer = { json: () => [] }
  }

  /** Its JSON is known from the start, as a request's that failed. */
  failed(status: Status, isTold = true): void {
    if (isTold) this.#status = statusFields(status)
    this.#status = { ...this.#status, code: status.code }
    if (isTold && this.wantsResponse) this.#response = jsonOf(status)
  }

  /** Before anything of the answer goes out. */
  responds({ status: code, headers, body }: ApiResponse): void {
    this.#status = { ...this.#status, code }
    const answer = this.#answer
    if (!answer) return
    this.#answer = undefined
    const sent = jsonOfBody(headers, body)
    if (!sent) this.#response = answer.json()
    else this.#response = this.#wish.omitsManagedFields ? withoutManagedFields(sent) : sent
  }

  /** Undefined where nobody has to be waited for; false where a sink that must not fail did. */
  reach(stage: Stage): Eventually<boolean> {
    if (stage === 'ResponseComplete' || stage === 'Panic') {
      // A stream may end twice, as when both of its sides go away.
      if (this.#isComplete) return true
      this.#isComplete = true
      this.#noteLatency()
    }
    if (this.#wish.omits.has(stage)) return true
    return this.#log.send(this.#event(stage))
  }

  #event(stage: Stage): AuditEvent {
    const { receivedMs, auditAnnotations } = this.#exchange
    return {
      level: this.#wish.level,
      auditId: auditIdOf(this.#exchange),
      stage,
      requestUri: this.#requestUri,
      verb: this.#asked.verb,
      user: this.#asked.user,
      impersonatedUser: this.#impersonated,
      impersonationConstraint: this.#impersonationConstraint,
      sourceIps: this.#sourceIps,
      userAgent: this.#userAgent,
      objectRef: this.#reference,
      responseStatus: this.#status,
      requestObject: this.#request,
      responseObject: this.#response,
      receivedMs,
      stageMs: stage === 'RequestReceived' ? receivedMs : this.#exchange.server.clock.now(),
      annotations: auditAnnotations && new Map(auditAnnotations),
    }
  }

  #noteLatency(): void {
    const { server, receivedMs, latenciesMs } = this.#exchange
    const total = server.clock.now() - receivedMs
    if (total <= SLOW_MS) return
    for (const [name, ms] of [...(latenciesMs ?? []), ['total', total] as const])
      this.#exchange.auditAnnotations = noted(
        this.#exchange.auditAnnotations,
        `apiserver.latency.k8s.io/${name}`,
        formatDuration(BigInt(Math.round(ms * 1000)) * 1000n),
      )
  }

  #trimmed<T extends object>(value: T): T {
    return this.#wish.omitsManagedFields ? (withoutOwners(value) as T) : value
  }
}

function referenceTo(asked: Omit<Attributes, 'user'>): ObjectReference {
  const { resource, namespace, name, group, version, subresource } = asked
  return {
    resource,
    namespace,
    name,
    uid: '',
    apiGroup: group,
    apiVersion: version,
    resourceVersion: '',
    subresource,
  }
}

function isStatus(value: unknown): value is Status {
  const { kind, apiVersion } = (value ?? {}) as Partial<Status>
  return kind === 'Status' && apiVersion === 'v1'
}

const statusFields = ({ status, message, reason, details }: Status): ResponseStatus => ({
  status,
  message: message || undefined,
  reason: reason || undefined,
  details,
})

function withoutType(object: object): object {
  const { kind: _, apiVersion: __, ...rest } = object as Record<string, unknown>
  return rest
}
