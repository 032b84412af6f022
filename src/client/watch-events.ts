/** A watch as it comes over the wire. */
import { parseExact } from '#api/machinery/exact-json.ts'
import type { EventSource, WatchEvent } from './transport.ts'

/** The largest single watch event: above any object that a store takes. */
const EVENT_LIMIT_BYTES = 16 * 1024 * 1024

/** The events of a watch, which come as JSON objects, one a line. */
export function eventsIn(source: EventSource<Uint8Array>): EventSource<WatchEvent> {
  return {
    subscribe(sink) {
      let rest: Uint8Array[] = []
      let restSize = 0
      let failed = false
      let cancel: (() => void) | undefined
      const fail = (error: Error) => {
        failed = true
        cancel?.()
        sink.end(error)
      }
      const take = (line: Uint8Array) => {
        rest.push(line)
        const whole = rest.length === 1 ? line : Buffer.concat(rest)
        rest = []
        restSize = 0
        if (whole.length === 0) return
        try {
          sink.next(parseExact(whole) as WatchEvent)
        } catch (error) {
          fail(error as Error)
        }
      }
      cancel = source.subscribe({
        next(chunk) {
          let start = 0
          for (let end = chunk.indexOf(10); end >= 0 && !failed; end = chunk.indexOf(10, start)) {
            take(chunk.subarray(start, end))
            start = end + 1
          }
          if (failed || start >= chunk.length) return
          rest.push(chunk.subarray(start))
          restSize += chunk.length - start
          if (restSize > EVENT_LIMIT_BYTES) fail(new Error('a watch event is too large'))
        },
        end: error => {
          if (!failed) sink.end(error)
        },
      })
      return () => {
        failed = true
        cancel?.()
      }
    },
  }
}
