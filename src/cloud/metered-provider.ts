/** Counts what is asked of a cloud, under the names of upstream's providers: how long each request takes, and which fail. */
import type { Clock } from '#base/clock.ts'
import type { FigureBook } from '#base/figures.ts'
import type { CloudProvider } from './provider.ts'

/** Of the client library of Prometheus, which upstream's providers leave as they are; and longer, since load balancers take minutes. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]
const LABELS = ['request']

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
        const labels = [property[0]?.toUpperCase() + property.slice(1)]
        return async (...words: unknown[]) => {
          const fromMs = clock.monotonicMs()
          try {
            return await call.apply(target, words)
          } catch (error) {
            errors.add(labels)
            throw error
          } finally {
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
