/** Waiting for something as long as it makes sense. */
import { type Clock, sleep } from '#base/clock.ts'

/** What `work` comes to, or a rejection as soon as `signal` aborts; then the work is left behind. */
export function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** Resolves when `work` has ended, well or not, or when the time is over. */
export async function settledWithin(
  work: Promise<unknown>,
  limitMs: number,
  clock: Clock,
): Promise<void> {
  const over = new AbortController()
  const limit = sleep(clock, limitMs, over.signal)
  await Promise.race([work, limit]).catch(() => {})
  over.abort()
  await limit.catch(() => {})
}
