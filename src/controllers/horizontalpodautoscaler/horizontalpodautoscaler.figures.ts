/** What upstream's controller counts of autoscalers. */
import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { exponentialBounds, type FigureBook } from '#base/figures.ts'
import { type Look, writesOf } from '../runner/controller.ts'
import type { AutoscalerOutcome } from './horizontalpodautoscaler.reconcile.ts'

const LABELS = ['action', 'error']
const METRIC_LABELS = [...LABELS, 'metric_type']
const name = (text: string) => `horizontal_pod_autoscaler_controller_${text}`

export function countScaling(
  book: FigureBook,
  list: () => readonly HorizontalPodAutoscaler[],
): (look: Look) => void {
  book.gauge(name('num_horizontal_pod_autoscalers'), 'Autoscalers that are looked after.', () => [
    { labels: {}, value: list().length },
  ])
  book.gauge(name('desired_replicas'), 'How many replicas each autoscaler wants.', () =>
    list().map(({ metadata, status }) => ({
      labels: { namespace: metadata.namespace ?? '', hpa_name: metadata.name ?? '' },
      value: status?.desiredReplicas ?? 0,
    })),
  )
  const looks = book.counter(name('reconciliations_total'), 'Looks at autoscalers.', LABELS)
  const seconds = book.histogram(
    name('reconciliation_duration_seconds'),
    'How long such a look takes.',
    exponentialBounds(0.001, 2, 15),
    LABELS,
  )
  const computations = book.counter(
    name('metric_computation_total'),
    'Metrics that were asked for a number of replicas.',
    METRIC_LABELS,
  )
  const computationSeconds = book.histogram(
    name('metric_computation_duration_seconds'),
    'How long a metric takes to say a number of replicas.',
    exponentialBounds(0.001, 2, 15),
    METRIC_LABELS,
  )
  return look => {
    const outcome = look.outcome as AutoscalerOutcome | undefined
    for (const { action, error, type, seconds } of outcome?.computations ?? []) {
      computations.add([action, error, type])
      computationSeconds.observe([action, error, type], seconds)
    }
    const { change = 0 } = (look.outcome ?? {}) as Partial<AutoscalerOutcome>
    const action = change > 0 ? 'scale_up' : change < 0 ? 'scale_down' : 'none'
    const labels = [action, errorOf(look)]
    looks.add(labels)
    seconds.observe(labels, look.seconds)
  }
}

/** Whether nothing went wrong, or the autoscaler asks for what cannot be, or something that it needs did not come. */
function errorOf({ outcome, error }: Look): 'none' | 'spec' | 'internal' {
  if (!outcome || error !== undefined) return 'internal'
  const reasons = writesOf(outcome).flatMap(write => {
    const { status } = ('object' in write ? write.object : {}) as Partial<HorizontalPodAutoscaler>
    return (status?.conditions ?? []).flatMap(({ status, reason }) =>
      status === 'False' && reason ? [reason] : [],
    )
  })
  if (reasons.some(reason => reason.startsWith('Failed'))) return 'internal'
  return reasons.some(reason => reason.startsWith('Invalid')) ? 'spec' : 'none'
}
