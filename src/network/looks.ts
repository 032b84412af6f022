import type { Clock } from '#base/clock.ts'
import type { Running } from '#client/role.ts'

/** Looks again and again, one look at a time, with a pause before each; the first may have another. A look never rejects. */
export function lookEvery(
  clock: Clock,
  { pauseMs, firstMs = pauseMs }: { readonly pauseMs: number; readonly firstMs?: number },
  look: () => Promise<void> | void,
): Running {
  let isStopped = false
  let cancel = () => {}
  let looking: Promise<void> | undefined
  const next = (delayMs: number) => {
    if (isStopped) return
    cancel = clock.after(delayMs, () => {
      looking = Promise.resolve(look()).finally(() => next(pauseMs))
    })
  }
  next(firstMs)
  return {
    async stop() {
      isStopped = true
      cancel()
      await looking
    },
  }
}
