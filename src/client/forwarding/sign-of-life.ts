/**
 * A request that nobody answers may be slow, or its peer may be gone without a word; then nothing would end it for a quarter of an hour.
 * HTTP/2 has pings for that, HTTP/1.1 has none: a second connection to the same place tells as much.
 */
import type { ClientRequest } from 'node:http'
import { connect } from 'node:net'
import type { Clock } from '#base/clock.ts'

/** Silence before a sign of life is asked for, and how long it may take: upstream's values. */
const SILENCE_MS = 30_000
const SIGN_TIMEOUT_MS = 15_000

/** Ends the request where the peer shows no sign of life before its answer begins. What is idle then is found by TCP's own keepalive. */
export function expectLife(
  asked: ClientRequest,
  { address, port }: { readonly address: string; readonly port: number },
  clock: Clock,
): void {
  let cancel = () => {}
  const wait = () => {
    cancel = clock.after(SILENCE_MS, look)
  }
  const look = () => {
    const probe = connect({ host: address, port })
    const tooLate = clock.after(SIGN_TIMEOUT_MS, () => probe.destroy(new Error('no sign of life')))
    cancel = () => {
      tooLate()
      probe.destroy()
    }
    probe.once('connect', () => {
      cancel()
      wait()
    })
    probe.once('error', cause => {
      tooLate()
      asked.destroy(new Error('the connection is lost', { cause }))
    })
  }
  wait()
  for (const event of ['response', 'close']) asked.once(event, () => cancel())
}
