/** What a driver refuses, as upstream tells it. */

/** After these nobody knows whether the driver has done it, or will: it has to be undone as if it had. */
const UNCERTAIN: ReadonlySet<string> = new Set([
  ...['Canceled', 'DeadlineExceeded', 'Unavailable', 'ResourceExhausted', 'Aborted'],
])

export class CsiError extends Error {
  override readonly name = 'CsiError'
  /** As gRPC calls it: `Internal`. */
  readonly code: string

  constructor(code: string, description: string) {
    super(`rpc error: code = ${code} desc = ${description}`)
    this.code = code
  }
}

/** Whether the driver has surely not done what it was asked for. */
export const isFinal = (error: unknown): boolean =>
  error instanceof CsiError && !UNCERTAIN.has(error.code)
