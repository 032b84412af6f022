/** Errors as the API tells them: one table of reasons, one class that carries a `Status`. */
import type { FieldError } from './field-error.ts'

export interface Status {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  readonly metadata: Readonly<Record<string, unknown>>
  readonly status: 'Success' | 'Failure'
  readonly message?: string
  readonly reason?: string
  readonly details?: StatusDetails
  readonly code?: number
}

export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly uid?: string
  readonly causes?: readonly StatusCause[]
  readonly retryAfterSeconds?: number
}

export interface StatusCause {
  readonly reason?: string
  readonly message?: string
  readonly field?: string
}

/** Every reason that Proa answers with, and its HTTP status. */
export const STATUS_CODES = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  ServerTimeout: 500,
  Timeout: 504,
} as const
export type StatusReason = keyof typeof STATUS_CODES

/** Names a resource (`{ group: 'apps', resource: 'deployments' }`) or, for Invalid, a kind. */
export interface ResourceName {
  readonly group: string
  readonly resource: string
}

const qualified = ({ group, resource }: ResourceName) => (group ? `${resource}.${group}` : resource)

/** Thrown anywhere between a request and the store; the server answers with its `status`. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly reason: StatusReason
  readonly code: number
  readonly details: StatusDetails | undefined

  constructor(
    reason: StatusReason,
    message: string,
    details?: StatusDetails,
    code: number = STATUS_CODES[reason],
  ) {
    super(message)
    this.reason = reason
    this.code = code
    this.details = details
  }

  get status(): Status {
    return failure(this.reason, this.message, this.code, this.details)
  }
}

/** 500 with nothing but a message: what upstream answers where an error has no reason of its own. */
export class PlainError extends StatusError {
  constructor(message: string) {
    super('InternalError', message)
  }
  override get status(): Status {
    const { reason: _, ...status } = super.status
    return status
  }
}

export function failure(
  reason: string,
  message: string,
  code: number,
  details?: StatusDetails,
): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details ? { details } : {}),
    code,
  }
}

/** True for a StatusError of one of these reasons. */
export function isStatus(thrown: unknown, ...reasons: StatusReason[]): thrown is StatusError {
  return thrown instanceof StatusError && (reasons.length === 0 || reasons.includes(thrown.reason))
}

const detailsOf = (name: string, of: ResourceName): StatusDetails => ({
  ...(name ? { name } : {}),
  ...(of.group ? { group: of.group } : {}),
  kind: of.resource,
})

export const notFound = (of: ResourceName, name: string) =>
  new StatusError('NotFound', `${qualified(of)} "${name}" not found`, detailsOf(name, of))

export const alreadyExists = (of: ResourceName, name: string) =>
  new StatusError('AlreadyExists', `${qualified(of)} "${name}" already exists`, detailsOf(name, of))

export const conflict = (of: ResourceName, name: string, why: string) =>
  new StatusError(
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(of)} "${name}": ${why}`,
    detailsOf(name, of),
  )

export const forbidden = (of: ResourceName, name: string, why: string) =>
  new StatusError(
    'Forbidden',
    `${qualified(of)}${name ? ` "${name}"` : ''} is forbidden: ${why}`,
    detailsOf(name, of),
  )

/** Where the verb is what is wrong. */
export const methodNotSupported = (of: ResourceName, verb: string) =>
  new StatusError(
    'MethodNotAllowed',
    `${verb} is not supported on resources of kind ${JSON.stringify(qualified(of))}`,
    detailsOf('', of),
  )

export const badRequest = (message: string) => new StatusError('BadRequest', message)

export const internalError = (message: string) =>
  new StatusError('InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] })

/** More mistakes help nobody, and an answer must not outgrow its question a hundred times. */
const MAXIMUM_FIELD_ERRORS = 250

/** 422 with every field's cause at once. `resource` is the kind here, as upstream has it: `Pod "x" is invalid: …`. */
export function invalid(
  kind: { group: string; kind: string },
  name: string,
  all: readonly FieldError[],
): StatusError {
  const errors = all.slice(0, MAXIMUM_FIELD_ERRORS)
  const texts = [...new Set(errors.map(error => `${error.field}: ${error.message}`))]
  if (all.length > errors.length) texts.push(`and ${all.length - errors.length} more errors`)
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  const causes = errors.map(error => ({
    reason: error.type,
    message: error.message,
    field: error.field,
  }))
  return new StatusError(
    'Invalid',
    `${qualified({ group: kind.group, resource: kind.kind })} "${name}" is invalid: ${list}`,
    {
      ...(name ? { name } : {}),
      ...(kind.group ? { group: kind.group } : {}),
      ...(kind.kind ? { kind: kind.kind } : {}),
      causes,
    },
  )
}
