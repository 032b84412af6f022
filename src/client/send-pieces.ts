import type { Writable } from 'node:stream'
import type { BodyStream } from './transport.ts'

/** Sends a body as it comes, at the pace of the other end, and none of it to one that has gone. */
export function sendPieces(to: Writable, body: BodyStream): void {
  // One for all that come meanwhile.
  let full: Promise<void> | undefined
  body.subscribe({
    next(bytes) {
      if (to.destroyed || to.write(bytes)) return undefined
      full ??= new Promise(resolve => {
        const done = () => {
          to.off('drain', done).off('close', done)
          full = undefined
          resolve()
        }
        to.on('drain', done).on('close', done)
      })
      return full
    },
    end: error => void (error ? to.destroy(error) : to.end()),
  })
}
