/** What etcd and the way to it can answer instead of what was asked, as sentences and as the errors of store.ts. */
import { CommitFailedError, StoreUnavailableError } from '../store.ts'

/** Of gRPC's status codes those that are told apart here. */
export const grpcCode = {
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  resourceExhausted: 8,
  outOfRange: 11,
  unavailable: 14,
} as const

/** An answer that is none, or a refusal. `message` is etcd's own text where it has one. */
export class EtcdError extends Error {
  override readonly name = 'EtcdError'
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }

  /** The member could not be asked, or could not answer: another one, or the same one later, may. */
  get isUnavailable(): boolean {
    return this.code === grpcCode.unavailable || this.code === grpcCode.deadlineExceeded
  }

  /** Surely nothing was sent, so that also a write may be sent again. */
  get isUnsent(): boolean {
    return this.code === grpcCode.unavailable && /No connection established/.test(this.message)
  }
}

/** Texts of refusals that mean something to us (etcd-io/etcd, api/v3rpc/rpctypes/error.go). */
const TOO_LARGE = /request is too large|message larger than max/
const NO_SPACE = /database space exceeded/
const COMPACTED = /required revision has been compacted/
const FUTURE = /required revision is a future revision/

export const isCompacted = (error: unknown) => isRefusal(error, COMPACTED)
export const isFuture = (error: unknown) => isRefusal(error, FUTURE)
/** A lease that ended, or was revoked, before the write that names it. */
export const isLeaseGone = (error: unknown) => isRefusal(error, /requested lease not found/)

function isRefusal(error: unknown, text: RegExp): boolean {
  return error instanceof EtcdError && text.test(error.message)
}

/** The error to throw for a commit that etcd did not take, or did not answer. */
export function commitError(error: unknown): unknown {
  if (!(error instanceof EtcdError)) return error
  const { message } = error
  if (TOO_LARGE.test(message)) return new CommitFailedError(message, 'TooLarge')
  if (NO_SPACE.test(message)) return new CommitFailedError(message, 'NoSpace')
  if (error.isUnsent)
    return new CommitFailedError(`etcd cannot be reached: ${message}`, 'Unavailable')
  if (error.isUnavailable)
    return new CommitFailedError(
      `etcd did not answer, so the change may have been made or not: ${message}`,
      'Unavailable',
    )
  return new CommitFailedError(message)
}

/** The error to throw for a read that etcd did not answer. */
export function readError(error: unknown): unknown {
  if (!(error instanceof EtcdError)) return error
  return new StoreUnavailableError(`etcd did not answer: ${error.message}`)
}
