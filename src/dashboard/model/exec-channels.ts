/** The messages of v5.channel.k8s.io: the first byte says which stream, the rest is what is said on it. */

export const EXEC_PROTOCOL = 'v5.channel.k8s.io'
export const STDIN = 0
export const STDOUT = 1
export const STDERR = 2
export const ERROR = 3
export const RESIZE = 4

export interface ChannelMessage {
  readonly channel: number
  readonly bytes: Uint8Array
}

export function encodeMessage(channel: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(bytes.length + 1)
  message[0] = channel
  message.set(bytes, 1)
  return message
}

/** Undefined for what says nothing: the beginning of a stream, and its end (v5's byte 255). */
export function decodeMessage(message: Uint8Array): ChannelMessage | undefined {
  const [channel] = message
  if (channel === undefined || channel === 255 || message.length < 2) return undefined
  return { channel, bytes: message.subarray(1) }
}

export const sizeMessage = (columns: number, rows: number): Uint8Array<ArrayBuffer> =>
  encodeMessage(
    RESIZE,
    new TextEncoder().encode(`${JSON.stringify({ Width: columns, Height: rows })}\n`),
  )

/** What the Status at the end of a command means to a person; '' where it ended well. */
export function endText(status: {
  readonly status?: string
  readonly message?: string
  readonly details?: {
    readonly causes?: readonly { readonly reason?: string; readonly message?: string }[]
  }
}): string {
  if (status.status === 'Success') return ''
  const code = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message
  return code === undefined ? (status.message ?? 'the command failed') : `exit code ${code}`
}
