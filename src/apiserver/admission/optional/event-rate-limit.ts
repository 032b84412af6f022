/** How many events a server, a namespace, a user or a source may write: each has a bucket that fills up again. */
import type { Event } from '#api/core/v1/event.ts'
import { StatusError } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import type { AdmissionRequest, AdmissionStep } from '../admission.ts'
import type { AdmissionWorld } from '../world.ts'

export interface EventLimit {
  readonly type: 'Server' | 'Namespace' | 'User' | 'SourceAndObject'
  /** How many a second come back, and how many there are at most. */
  readonly qps: number
  readonly burst: number
  /** How many buckets are kept; those that were used longest ago go. */
  readonly cacheSize?: number
}

const CACHE_SIZE = 4096

export function eventRateLimit({
  clock,
  pluginConfiguration,
}: Pick<AdmissionWorld, 'clock' | 'pluginConfiguration'>): AdmissionStep {
  const limiters = (pluginConfiguration?.eventRateLimit ?? []).map(limit => ({
    ...limit,
    take: buckets(limit, clock),
  }))
  return {
    name: 'EventRateLimit',
    resources: ['events', 'events.events.k8s.io'],
    validate(request) {
      if (!request.object || request.dryRun || request.operation === 'DELETE') return
      const refusals = limiters.flatMap(({ type, take }) => {
        const key = keyOf(type, request)
        return take(key) ? [] : [`limit reached on type ${type} for key ${key}`]
      })
      if (refusals.length === 0) return
      const text = refusals.length === 1 ? `${refusals[0]}` : `[${refusals.join(', ')}]`
      throw new StatusError('TooManyRequests', `Too many requests: ${text}`)
    },
  }
}

function buckets({ qps, burst, cacheSize }: EventLimit, clock: Clock): (key: string) => boolean {
  const size = cacheSize || CACHE_SIZE
  const known = new Map<string, { left: number; atMs: number }>()
  return key => {
    const nowMs = clock.monotonicMs()
    const { left, atMs } = known.get(key) ?? { left: burst, atMs: nowMs }
    known.delete(key)
    const filled = Math.min(burst, left + ((nowMs - atMs) / 1000) * qps)
    const isThere = filled >= 1
    known.set(key, { left: isThere ? filled - 1 : filled, atMs: nowMs })
    const oldest = known.size > size ? known.keys().next().value : undefined
    if (oldest !== undefined) known.delete(oldest)
    return isThere
  }
}

function keyOf(type: EventLimit['type'], { namespace, user, object }: AdmissionRequest): string {
  if (type === 'Server') return ''
  if (type === 'Namespace') return namespace
  if (type === 'User') return user.name
  const { source = {}, involvedObject: of = {} } = object as unknown as Partial<Event>
  const { component, host } = source as Readonly<Record<string, string | undefined>>
  const {
    kind,
    namespace: where,
    name,
    uid,
    apiVersion,
  } = of as Readonly<Record<string, string | undefined>>
  return [component, host, kind, where, name, uid, apiVersion].map(part => part ?? '').join('')
}
