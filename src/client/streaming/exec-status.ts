/** The Status that ends exec and attach on the error channel: how a command's exit code reaches the client. */
import type { DuplexChannels } from '../transport.ts'
import { errorChannel } from './channels.ts'

export interface ExecStatus {
  readonly metadata: object
  readonly status: 'Success' | 'Failure'
  readonly reason?: string
  readonly message?: string
  readonly details?: { readonly causes?: readonly { reason?: string; message?: string }[] }
}

export function exitStatus(exitCode: number): ExecStatus {
  if (exitCode === 0) return { metadata: {}, status: 'Success' }
  return {
    metadata: {},
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  }
}

/** For whatever kept the command from running or from being followed to its end. */
export function failureStatus(message: string): ExecStatus {
  return { metadata: {}, status: 'Failure', reason: 'InternalError', message }
}

export function encodeExecStatus(status: ExecStatus): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(status))
}

/** Reads what the error channel said. Old servers say nothing for success and plain text for failure. */
export function decodeExecStatus(bytes: Uint8Array): ExecStatus {
  const text = new TextDecoder().decode(bytes)
  if (text === '') return exitStatus(0)
  return parsedStatus(text) ?? failureStatus(text)
}

/** Whether this is a Status to its last byte, after which nothing is to come. */
export function isWholeStatus(bytes: Uint8Array): boolean {
  return parsedStatus(new TextDecoder().decode(bytes)) !== undefined
}

function parsedStatus(text: string): ExecStatus | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null && 'status' in parsed)
      return parsed as ExecStatus
  } catch {
    // Not JSON, or not all of it.
  }
  return undefined
}

/** The exit code that a Status carries; undefined where the command did not get to exit. */
export function exitCodeOf(status: ExecStatus): number | undefined {
  if (status.status === 'Success') return 0
  if (status.reason !== 'NonZeroExitCode') return undefined
  const cause = status.details?.causes?.find(cause => cause.reason === 'ExitCode')
  return cause?.message === undefined ? undefined : Number(cause.message)
}

/** Says the outcome on the error channel and closes. */
export async function finishExec(channels: DuplexChannels, status: ExecStatus): Promise<void> {
  await channels.write(errorChannel, encodeExecStatus(status))
  channels.end(errorChannel)
  channels.close()
}
