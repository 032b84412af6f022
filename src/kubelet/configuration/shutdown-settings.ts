/** What a KubeletConfiguration says of the time that pods have when their node shuts down. Pure. */
import { formatDuration, parseDuration } from '#api/machinery/duration.ts'
import { UserError } from '#base/errors.ts'
import { periodsOf, type ShutdownPeriod } from '../shutdown/periods.ts'
import type { KubeletConfiguration } from './schema.ts'

const SECOND_NS = 1_000_000_000n
/** A day: more is nobody's patience. */
const MAXIMUM_SECONDS = 86_400

/** Undefined where nothing is said. Throws a UserError in upstream's words. */
export function shutdownPeriodsOf(
  configuration: KubeletConfiguration,
): readonly ShutdownPeriod[] | undefined {
  const { shutdownGracePeriodByPodPriority: byPriority = [] } = configuration
  const total = nanoseconds('shutdownGracePeriod', configuration)
  const critical = nanoseconds('shutdownGracePeriodCriticalPods', configuration)
  if (critical > total)
    throw invalid(
      `shutdownGracePeriodCriticalPods {${formatDuration(critical)}} must be <= shutdownGracePeriod {${formatDuration(total)}}`,
    )
  for (const [name, span] of Object.entries({
    shutdownGracePeriod: total,
    shutdownGracePeriodCriticalPods: critical,
  }))
    if (span !== 0n && span < SECOND_NS)
      throw invalid(`${name} {${formatDuration(span)}} must be either zero or otherwise >= 1 sec`)
  if (byPriority.length > 0 && (total > 0n || critical > 0n))
    throw invalid(
      'Cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time',
    )
  const periods =
    byPriority.length > 0
      ? byPriority.map(({ priority, shutdownGracePeriodSeconds }) => ({
          priority,
          seconds: Number(shutdownGracePeriodSeconds),
        }))
      : periodsOf(Number(total / SECOND_NS), Number(critical / SECOND_NS))
  for (const { seconds, priority } of periods)
    if (!(seconds >= 0 && seconds <= MAXIMUM_SECONDS))
      throw invalid(
        `the time that pods of priority ${priority} have to end must be from 0 to ${MAXIMUM_SECONDS} seconds, not ${seconds}`,
      )
  return periods.length > 0 ? periods : undefined
}

function nanoseconds(
  name: 'shutdownGracePeriod' | 'shutdownGracePeriodCriticalPods',
  configuration: KubeletConfiguration,
): bigint {
  const value = configuration[name] ?? '0s'
  try {
    return parseDuration(value)
  } catch {
    throw invalid(`${name} wants a time such as 10s, not "${value}"`)
  }
}

const invalid = (why: string) => new UserError(`invalid kubelet configuration: ${why}`)
