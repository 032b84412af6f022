/** Before v4 the error channel carried plain text, and nothing for success. */
import type { DuplexChannels } from '../transport.ts'
import { errorChannel } from './channels.ts'
import { decodeExecStatus } from './exec-status.ts'

/** Turns the Status that is written to the error channel into what such a client understands. */
export function plainErrors(channels: DuplexChannels): DuplexChannels {
  return {
    onData: channels.onData,
    onEnd: channels.onEnd,
    onClose: channels.onClose,
    end: channels.end,
    close: channels.close,
    async write(channel, bytes) {
      if (channel !== errorChannel) return channels.write(channel, bytes)
      const status = decodeExecStatus(bytes)
      if (status.status === 'Success') return
      const sentence = status.message ?? 'the command failed'
      await channels.write(channel, new TextEncoder().encode(sentence))
    },
  }
}
