/** What the scheduler counts and measures, under upstream's names. */
import {
  createFigureBook,
  exponentialBounds,
  type Figure,
  type FigureBook,
  type Sample,
} from '#base/figures.ts'
import type { Watch } from './framework/durations.ts'
import { type PreemptionFigures, VICTIM_BUCKETS } from './framework/preemption-figures.ts'
import type { QueuedPod } from './queue/queued-pod.ts'
import type { QueueName } from './queue/scheduling-queue.ts'

export type AttemptResult = 'scheduled' | 'unschedulable' | 'error'

export interface SchedulerFigures {
  /** An attempt has ended: with a binding, a refusal, or a failure. `ms` since it began. */
  attempted(profile: string, result: AttemptResult, ms: number): void
  /** How long the choice of a node took, whatever came of it. */
  chosen(ms: number): void
  /** A pod is bound, `ms` after it was tried for the first time. */
  bound(pod: QueuedPod, ms: number): void
  queued(queue: QueueName, event: string): void
  /** A pod that Permit held back goes on or not. */
  permitted(result: 'allowed' | 'rejected', ms: number): void
  /** For an attempt whose plugins are measured. */
  watch(profile: string, now: () => number): Watch
}

/** What is read at each scrape. */
export interface Readings {
  readonly lengths: () => Readonly<Record<QueueName, number>>
  readonly sizes: () => { nodes: number; pods: number; assumedPods: number }
  /** Waiting pods by profile and by the plugins that refused them. */
  readonly unschedulable: () => Iterable<readonly [plugin: string, profile: string, count: number]>
  readonly bindings: () => number
}

/** More attempts than these are one label value. */
const ATTEMPTS_LIMIT = 15
const SECONDS = exponentialBounds(0.001, 2, 15)

export function createSchedulerFigures(
  book: FigureBook = createFigureBook(),
  readings: Readings,
): SchedulerFigures {
  const attempts = book.counter(
    'scheduler_schedule_attempts_total',
    'Attempts to place a pod, by what came of them.',
    ['result', 'profile'],
  )
  const attemptSeconds = book.histogram(
    'scheduler_scheduling_attempt_duration_seconds',
    'How long attempts took, binding included.',
    SECONDS,
    ['result', 'profile'],
  )
  const algorithmSeconds = book.histogram(
    'scheduler_scheduling_algorithm_duration_seconds',
    'How long the choice of a node took.',
    SECONDS,
  )
  const attemptsOfPods = book.histogram(
    'scheduler_pod_scheduling_attempts',
    'Attempts that pods needed until they were bound.',
    exponentialBounds(1, 2, 5),
  )
  const sliSeconds = book.histogram(
    'scheduler_pod_scheduling_sli_duration_seconds',
    'From the first attempt for a pod until it is bound.',
    exponentialBounds(0.01, 2, 20),
    ['attempts'],
  )
  const incoming = book.counter(
    'scheduler_queue_incoming_pods_total',
    'Pods that came into a queue, and what brought them there.',
    ['queue', 'event'],
  )
  const permitSeconds = book.histogram(
    'scheduler_permit_wait_duration_seconds',
    'How long pods were held back by plugins.',
    SECONDS,
    ['result'],
  )
  const pointSeconds = book.histogram(
    'scheduler_framework_extension_point_duration_seconds',
    'How long all plugins of an extension point took.',
    exponentialBounds(0.0001, 2, 12),
    ['extension_point', 'status', 'profile'],
  )
  const pluginSeconds = book.histogram(
    'scheduler_plugin_execution_duration_seconds',
    'How long one plugin took at an extension point.',
    exponentialBounds(0.00001, 1.5, 20),
    ['plugin', 'extension_point', 'status'],
  )
  showReadings(book, readings)
  return {
    attempted(profile, result, ms) {
      attempts.add([result, profile])
      attemptSeconds.observe([result, profile], ms / 1000)
    },
    chosen: ms => algorithmSeconds.observe([], ms / 1000),
    bound({ attempts: count }, ms) {
      attemptsOfPods.observe([], count)
      const label = count >= ATTEMPTS_LIMIT ? `${ATTEMPTS_LIMIT}+` : `${count}`
      sliSeconds.observe([label], ms / 1000)
    },
    queued: (queue, event) => incoming.add([queue, event]),
    permitted: (result, ms) => permitSeconds.observe([result], ms / 1000),
    watch: (profile, now) => ({
      now,
      point: (name, code, ms) => pointSeconds.observe([name, code, profile], ms / 1000),
      plugin: (plugin, point, code, ms) => pluginSeconds.observe([plugin, point, code], ms / 1000),
    }),
  }
}

function showReadings(book: FigureBook, { lengths, sizes, unschedulable, bindings }: Readings) {
  const labelled = (name: string, values: Readonly<Record<string, number>>): Sample[] =>
    Object.entries(values).map(([label, value]) => ({ labels: { [name]: label }, value }))
  book.gauge('scheduler_pending_pods', 'Pods that wait, by queue.', () =>
    labelled('queue', lengths()),
  )
  book.gauge('scheduler_cache_size', 'What the scheduler knows of the cluster.', () => {
    const { nodes, pods, assumedPods } = sizes()
    return labelled('type', { nodes, pods, assumed_pods: assumedPods })
  })
  book.gauge('scheduler_goroutines', 'What is under way beside the choice of nodes.', () =>
    labelled('operation', { binding: bindings() }),
  )
  book.gauge('scheduler_unschedulable_pods', 'Pods that wait, by who refused them.', () =>
    [...unschedulable()].map(([plugin, profile, value]) => ({
      labels: { plugin, profile },
      value,
    })),
  )
}

/** Preemption counts by itself. */
export function preemptionFigures({
  attempts,
  victimCounts,
  victimSum,
}: PreemptionFigures): Figure[] {
  const bounds = [...VICTIM_BUCKETS.map(String), '+Inf']
  const victims: Sample[] = bounds.map((le, i) => ({
    suffix: '_bucket',
    labels: { le },
    value: victimCounts[i] ?? 0,
  }))
  const count = victimCounts.at(-1) ?? 0
  return [
    {
      name: 'scheduler_preemption_attempts_total',
      help: 'Attempts to make room for a pod.',
      type: 'counter',
      values: [{ labels: {}, value: attempts }],
    },
    {
      name: 'scheduler_preemption_victims',
      help: 'Pods that had to go for another.',
      type: 'histogram',
      values: [
        ...victims,
        { suffix: '_sum', labels: {}, value: victimSum },
        { suffix: '_count', labels: {}, value: count },
      ],
    },
  ]
}
