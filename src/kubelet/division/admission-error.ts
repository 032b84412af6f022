/** Why a pod may not run here, in upstream's words; other errors become an `UnexpectedAdmissionError`. */
import { messageOf } from '#base/errors.ts'
import type { PodFailure } from '../status/pod-status.ts'

export class AdmissionError extends Error {
  override readonly name = 'AdmissionError'
  readonly reason: string

  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}

export const failureOf = (error: unknown): PodFailure =>
  error instanceof AdmissionError
    ? { reason: error.reason, message: error.message }
    : {
        reason: 'UnexpectedAdmissionError',
        message: `Allocate failed due to ${messageOf(error)}, which is unexpected`,
      }
