/** What the audit log tells of a request at one stage of it, and its JSON (audit.k8s.io/v1 Event), in the order of upstream's fields. */
import { asGoJson, stringifyJson } from '#api/machinery/exact-json.ts'
import { rfc3339, rfc3339Micro } from '#base/clock.ts'
import type { UserInfo } from '../authentication/authenticator.ts'
import type { Level, Stage } from './policy.ts'

export const AUDIT_API_VERSION = 'audit.k8s.io/v1'

export interface AuditEvent {
  readonly level: Level
  readonly auditId: string
  readonly stage: Stage
  /** Path and query as they came. */
  readonly requestUri: string
  readonly verb: string
  /** Undefined where nobody knows who asked. */
  readonly user: UserInfo | undefined
  readonly impersonatedUser: UserInfo | undefined
  /** By which right; undefined where it was for all that somebody may do. */
  readonly impersonationConstraint?: string | undefined
  readonly sourceIps: readonly string[]
  readonly userAgent: string
  readonly objectRef: ObjectReference | undefined
  readonly responseStatus: ResponseStatus | undefined
  readonly requestObject: Json | undefined
  readonly responseObject: Json | undefined
  /** Wall clock. */
  readonly receivedMs: number
  readonly stageMs: number
  readonly annotations: ReadonlyMap<string, string> | undefined
}

/** JSON in pieces that may belong to somebody else: never changed, and in one line. */
export type Json = readonly Uint8Array[]

/** '' stands for what is not known. */
export interface ObjectReference {
  readonly resource: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly apiGroup: string
  readonly apiVersion: string
  readonly resourceVersion: string
  readonly subresource: string
}

export interface ResponseStatus {
  readonly status?: string | undefined
  readonly message?: string | undefined
  readonly reason?: string | undefined
  readonly details?: object | undefined
  readonly code?: number | undefined
}

const encoder = new TextEncoder()

/** An event of a list does not say that it is one. */
export function eventJson(event: AuditEvent, isOfList = false): Json {
  const { requestObject, responseObject } = event
  let text = JSON.stringify({
    ...(isOfList ? {} : { kind: 'Event', apiVersion: AUDIT_API_VERSION }),
    level: event.level,
    auditID: event.auditId,
    stage: event.stage,
    requestURI: event.requestUri,
    verb: event.verb,
    user: userFields(event.user),
    ...(event.impersonatedUser ? { impersonatedUser: userFields(event.impersonatedUser) } : {}),
    ...(event.impersonationConstraint
      ? {
          authenticationMetadata: { impersonationConstraint: event.impersonationConstraint },
        }
      : {}),
    ...(event.sourceIps.length > 0 ? { sourceIPs: event.sourceIps } : {}),
    userAgent: event.userAgent || undefined,
    objectRef: event.objectRef && said(event.objectRef),
  }).slice(0, -1)
  if (event.responseStatus) text += `,"responseStatus":${statusText(event.responseStatus)}`
  const pieces: Uint8Array[] = []
  if (requestObject) pieces.push(encoder.encode(`${text},"requestObject":`), ...requestObject)
  if (requestObject) text = ''
  if (responseObject) pieces.push(encoder.encode(`${text},"responseObject":`), ...responseObject)
  if (responseObject) text = ''
  pieces.push(encoder.encode(`${text}${endText(event)}`))
  return pieces
}

function endText({ receivedMs, stageMs, annotations }: AuditEvent): string {
  const times = `,"requestReceivedTimestamp":"${rfc3339Micro(receivedMs)}","stageTimestamp":"${rfc3339Micro(stageMs)}"`
  if (!annotations || annotations.size === 0) return `${times}}`
  // Compared by their letters' codes, as Go does.
  const sorted = [...annotations].sort(([one], [other]) => (one < other ? -1 : 1))
  return `${times},"annotations":${JSON.stringify(Object.fromEntries(sorted))}}`
}

const statusText = ({ status, message, reason, details, code }: ResponseStatus): string =>
  asGoJson(stringifyJson({ metadata: {}, status, message, reason, details, code }))

function userFields(user: UserInfo | undefined): object {
  if (!user) return {}
  const { name, uid, groups, extra } = user
  return {
    username: name || undefined,
    uid: uid || undefined,
    groups: groups.length > 0 ? groups : undefined,
    extra: extra && Object.keys(extra).length > 0 ? sortedByName(extra) : undefined,
  }
}

const sortedByName = (extra: NonNullable<UserInfo['extra']>): object =>
  Object.fromEntries(Object.entries(extra).sort(([one], [other]) => (one < other ? -1 : 1)))

function said(reference: ObjectReference): object {
  return Object.fromEntries(Object.entries(reference).filter(([, text]) => text !== ''))
}

/** One line for people, in the old form. */
export function legacyLine(event: AuditEvent): string {
  const { user, impersonatedUser, responseStatus, objectRef } = event
  const quote = (text: string) => JSON.stringify(text)
  const quotedList = (texts: readonly string[]) => quote(texts.map(quote).join(','))
  const groups = user?.name && user.groups.length > 0 ? quotedList(user.groups) : quote('<none>')
  const asGroups = impersonatedUser ? quotedList(impersonatedUser.groups) : quote('<lookup>')
  return [
    `${rfc3339Nano(event.receivedMs)} AUDIT:`,
    `id=${quote(event.auditId)}`,
    `stage=${quote(event.stage)}`,
    `ip=${quote(event.sourceIps[0] ?? '<unknown>')}`,
    `method=${quote(event.verb)}`,
    `user=${quote(user?.name || '<none>')}`,
    `groups=${groups}`,
    `as=${quote(impersonatedUser?.name ?? '<self>')}`,
    `asgroups=${asGroups}`,
    `user-agent=${quote(event.userAgent)}`,
    `namespace=${quote(objectRef?.namespace || '<none>')}`,
    `uri=${quote(event.requestUri)}`,
    `response="${responseStatus ? (responseStatus.code ?? 0) : '<deferred>'}"`,
  ].join(' ')
}

/** With as many digits of a second as there are. */
function rfc3339Nano(ms: number): string {
  const digits = rfc3339Micro(ms).slice(20, -1).replace(/0+$/, '')
  return digits === '' ? rfc3339(ms) : `${rfc3339Micro(ms).slice(0, 19)}.${digits}Z`
}

/** Of its JSON, in bytes. */
export const sizeOf = (json: Json): number => json.reduce((sum, piece) => sum + piece.length, 0)
