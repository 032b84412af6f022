/**
 * Web socket messages as channels: the first byte of a message says its channel. The base64 protocols are for clients that know text
 * only: the channel is a digit and the rest is base64.
 */
import type { RawData } from 'ws'

/** In v5 a message on this channel closes the channel that its second byte names. */
export const closeChannel = 255

export interface Codec {
  encode(channel: number, bytes: Uint8Array): Uint8Array | string
  /** Undefined where the message says nothing. */
  decode(message: RawData): { channel: number; bytes: Uint8Array } | undefined
}

export const binaryCodec: Codec = {
  encode: (channel, bytes) => Buffer.concat([Buffer.from([channel]), bytes]),
  decode(message) {
    const bytes = bytesOf(message)
    const [channel] = bytes
    return channel === undefined ? undefined : { channel, bytes: bytes.subarray(1) }
  },
}

export const base64Codec: Codec = {
  encode: (channel, bytes) => `${channel}${Buffer.from(bytes).toString('base64')}`,
  decode(message) {
    const text = bytesOf(message).toString('latin1')
    const channel = text.charCodeAt(0) - 48
    if (!(channel >= 0 && channel <= 9)) return undefined
    return { channel, bytes: Buffer.from(text.slice(1), 'base64') }
  },
}

export function bytesOf(message: RawData): Buffer {
  if (Array.isArray(message)) return Buffer.concat(message)
  return Buffer.isBuffer(message) ? message : Buffer.from(message)
}
