/** Settings of HTTP/2 (RFC 9113, section 6.5): what we ask of clients, and what they ask of us. */
import { ConnectionError, ErrorCode, MAXIMUM_PAYLOAD } from './frames.ts'

const SETTING_BYTES = 6
export const Setting = {
  headerTableBytes: 1,
  enablePush: 2,
  maximumStreams: 3,
  initialWindow: 4,
  maximumPayload: 5,
  maximumHeaderBytes: 6,
} as const

export const MAXIMUM_WINDOW = 0x7fff_ffff

export function writeSettings(settings: readonly (readonly [number, number])[]): Buffer {
  const bytes = Buffer.allocUnsafe(settings.length * SETTING_BYTES)
  settings.forEach(([id, value], index) => {
    bytes.writeUInt16BE(id, index * SETTING_BYTES)
    bytes.writeUInt32BE(value, index * SETTING_BYTES + 2)
  })
  return bytes
}

/** Throws a ConnectionError for values that may not be. */
export function readSettings(payload: Uint8Array): (readonly [number, number])[] {
  if (payload.length % SETTING_BYTES !== 0)
    throw new ConnectionError(ErrorCode.frameSize, 'settings of a wrong length')
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
  const settings: (readonly [number, number])[] = []
  for (let at = 0; at < payload.length; at += SETTING_BYTES) {
    const setting = [view.getUint16(at), view.getUint32(at + 2)] as const
    check(...setting)
    settings.push(setting)
  }
  return settings
}

function check(id: number, value: number): void {
  if (id === Setting.initialWindow && value > MAXIMUM_WINDOW)
    throw new ConnectionError(ErrorCode.flowControl, `an initial window of ${value} bytes`)
  const isWrong =
    (id === Setting.enablePush && value > 1) ||
    (id === Setting.maximumPayload && (value < MAXIMUM_PAYLOAD || value > 0xff_ffff))
  if (isWrong) throw new ConnectionError(ErrorCode.protocol, `setting ${id} cannot be ${value}`)
}
