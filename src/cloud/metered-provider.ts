/**
 * What controllers ask a provider through: requests are counted under the names of upstream's providers, with how long they take and which fail,
 * and none keeps its asker for ever. A provider that does not care for its signal is left to itself when the signal aborts.
 */
import type { Clock } from '#base/clock.ts'
import type { FigureBook } from '#base/figures.ts'
import type { CloudProvider } from './provider.ts'

/** Of the client library of Prometheus, which upstream's providers leave as they are; and longer, since load balancers take minutes. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]
const LABELS = ['request']
/** Longer than the slowest clouds take over a load balancer: what is not answered by then never will be. */
const LIMIT_MS = 30 * 60_000

/** The same provider; `request` is the call as upstream spells it: `InstanceMetadata`, `EnsureLoadBalancer` … */
export function meterProvider(
  provider: CloudProvider,
  figures: FigureBook,
  clock: Clock,
): CloudProvider {
  // A name of letters that a metric may have.
  const prefix = `cloudprovider_${provider.name.replace(/[^A-Za-z0-9_]/g, '_')}_api_request`
  const durations = figures.histogram(
    `${prefix}_duration_seconds`,
    'How long a request to the cloud takes.',
    BOUNDS,
    LABELS,
  )
  const errors = figures.counter(`${prefix}_errors`, 'Requests to the cloud that failed.', LABELS)
  const timed = <T extends object>(part: T): T =>
    new Proxy(part, {
      get(target, property) {
        const call = Reflect.get(target, property)
        if (typeof call !== 'function' || typeof property !== 'string') return call
        const request = property[0]?.toUpperCase() + property.slice(1)
        const labels = [request]
        return async (...words: unknown[]) => {
          const fromMs = clock.monotonicMs()
          const end = new End(request, words.at(-1) as AbortSignal, clock)
          try {
            // Called within, so that what it throws at once counts as well.
            return await Promise.race([end.reached, (async () => call.apply(target, words))()])
          } catch (error) {
            errors.add(labels)
            throw error
          } finally {
            end.forget()
            durations.observe(labels, (clock.monotonicMs() - fromMs) / 1000)
          }
        }
      },
    })
  const { instances, loadBalancer, routes } = provider
  return {
    name: provider.name,
    ...(instances ? { instances: timed(instances) } : {}),
    ...(loadBalancer ? { loadBalancer: timed(loadBalancer) } : {}),
    ...(routes ? { routes: timed(routes) } : {}),
    close: () => provider.close?.(),
  }
}

/** When nobody waits for an answer any more. */
class End {
  /** Rejects then. */
  readonly reached: Promise<never>
  readonly forget: () => void

  constructor(request: string, signal: AbortSignal, clock: Clock) {
    const { promise, reject } = Promise.withResolvers<never>()
    const abort = () => reject(signal.reason)
    const cancel = clock.after(LIMIT_MS, () =>
      reject(new Error(`the cloud did not answer ${request} within ${LIMIT_MS / 60_000} minutes`)),
    )
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    promise.catch(() => {})
    this.reached = promise
    this.forget = () => {
      cancel()
      signal.removeEventListener('abort', abort)
    }
  }
}
