/** Keeps the size of workloads in step with metrics, every fifteen seconds. */
import { type Scale, scale as scaleKind } from '#api/autoscaling/v1/scale.ts'
import {
  type HorizontalPodAutoscaler,
  horizontalPodAutoscaler,
} from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { type LabelMatcher, parseLabelSelector } from '#api/machinery/label-selector.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { messageOf } from '#base/errors.ts'
import { pathOf } from '#client/api-client.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { sameJson } from '../runner/json.ts'
import { type Memory, memorySpanMs } from './horizontalpodautoscaler.behavior.ts'
import { countScaling } from './horizontalpodautoscaler.figures.ts'
import { createMetrics } from './horizontalpodautoscaler.metrics.ts'
import {
  type AutoscalerOutcome,
  type AutoscalerWorld,
  reconcile,
} from './horizontalpodautoscaler.reconcile.ts'

/** What is known of an autoscaler between looks; forgotten with it. */
interface Known {
  memory: Memory
  selector: LabelMatcher | undefined
  /** A change that was asked for by the last look; it counts if that went well. */
  pending: { replicas: number; atMs: number } | undefined
}

export function horizontalPodAutoscalerController(context: ControllerContext): Controller {
  const autoscalers = context.informers.for(horizontalPodAutoscaler)
  const pods = context.informers.for(pod)
  const metrics = createMetrics(context.client)
  const known = new Map<string, Known>()
  const { clock, client } = context

  const kindOf = (kind: string, apiVersion: string | undefined) => {
    const group = apiVersion?.includes('/') ? apiVersion.split('/')[0] : ''
    const found = context.kinds().find(each => each.kind === kind && each.group === group)
    if (!found) throw new Error(`no matches for kind "${kind}" in group "${group}"`)
    return found
  }
  const targetOf = async (
    autoscaler: HorizontalPodAutoscaler,
  ): Promise<AutoscalerWorld['target']> => {
    const { kind: name, apiVersion, name: object } = autoscaler.spec.scaleTargetRef
    try {
      const kind = kindOf(name, apiVersion)
      const { namespace = '' } = autoscaler.metadata
      const path = pathOf(kind, { name: object, namespace }, 'scale')
      const scale = (await client.getPath(path)) as Scale
      return { kind, scale: { ...scale, kind: scaleKind.kind } }
    } catch (error) {
      return { error: messageOf(error) }
    }
  }

  return {
    name: 'horizontal-pod-autoscaler-controller',
    component: 'horizontal-pod-autoscaler',
    workers: 5,
    counted: countScaling(context.figures, () => autoscalers.list()),
    views: [
      { kind: horizontalPodAutoscaler, informer: autoscalers },
      { kind: pod, informer: pods },
    ],
    wake(queue) {
      queue.onStop(
        autoscalers.subscribe({
          changed(next, previous) {
            // Its own status is no reason to look again before the time.
            if (!previous || !sameJson(previous.spec, next.spec)) queue.add(keyOf(next))
          },
          deleted: gone => queue.add(keyOf(gone)),
        }),
      )
    },
    async reconcile(key, failure) {
      const autoscaler = autoscalers.get(key)
      if (!autoscaler) {
        known.delete(key)
        return { writes: [] }
      }
      const target = await targetOf(autoscaler)
      const nowMs = clock.now()
      const state = known.get(key) ?? newlyKnown(target, nowMs)
      known.set(key, state)
      if (!('error' in target) && target.scale.status.selector)
        state.selector = parseLabelSelector(target.scale.status.selector)
      const { namespace = '' } = autoscaler.metadata
      settle(state, failure === undefined, memorySpanMs(autoscaler.spec.behavior), nowMs)
      const outcome = await reconcile({
        autoscaler,
        target,
        podsOf: selector =>
          pods.list(namespace).filter(({ metadata }) => selector.matches(metadata.labels)),
        claimants: found =>
          [...known].flatMap(([other, { selector }]) =>
            other.startsWith(`${namespace}/`) &&
            found.some(({ metadata }) => selector?.matches(metadata.labels))
              ? [other]
              : [],
          ),
        metrics,
        resourceOf(kind, apiVersion) {
          const { plural, group } = kindOf(kind, apiVersion)
          return group ? `${plural}.${group}` : plural
        },
        memory: state.memory,
        nowMs,
        monotonicMs: () => clock.monotonicMs(),
        failure,
      })
      remember(state, outcome, nowMs)
      return outcome
    },
  }
}

/** An autoscaler begins with the size that it finds, so that it does not shrink at once. */
function newlyKnown(target: AutoscalerWorld['target'], atMs: number): Known {
  const replicas = 'error' in target ? undefined : (target.scale.spec.replicas ?? 0)
  const recommendations = replicas === undefined ? [] : [{ replicas, atMs }]
  return {
    memory: { recommendations, added: [], removed: [] },
    selector: undefined,
    pending: undefined,
  }
}

function remember(state: Known, { recommended, change }: AutoscalerOutcome, atMs: number): void {
  if (recommended !== undefined) {
    const recommendations = [...state.memory.recommendations, { replicas: recommended, atMs }]
    state.memory = { ...state.memory, recommendations }
  }
  state.pending = change === undefined ? undefined : { replicas: change, atMs }
}

/** Counts the last change if it was made, and forgets what is too old to matter: all that is kept is bounded by that time. */
function settle(state: Known, wentWell: boolean, spanMs: number, nowMs: number): void {
  const { pending, memory } = state
  state.pending = undefined
  const recent = <T extends { atMs: number }>(list: readonly T[]) =>
    list.filter(({ atMs }) => atMs > nowMs - spanMs)
  const added = pending && wentWell && pending.replicas > 0 ? [pending] : []
  const removed =
    pending && wentWell && pending.replicas < 0 ? [{ ...pending, replicas: -pending.replicas }] : []
  state.memory = {
    recommendations: recent(memory.recommendations),
    added: recent([...memory.added, ...added]),
    removed: recent([...memory.removed, ...removed]),
  }
}
