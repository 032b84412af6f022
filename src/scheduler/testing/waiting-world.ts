/** A pod between its placement and its binding, while a test decides what happens to its claims, volumes and node. */
import assert from 'node:assert/strict'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { createManualClock, type ManualClock } from '#client/testing/manual-clock.ts'
import { CycleState } from '../framework/cycle-state.ts'
import type { Verdict } from '../framework/plugin.ts'
import type { ClusterState } from '../state/cluster-state.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { classNamed } from './volume-objects.ts'
import { createWorld, nodeOf } from './world.ts'

interface Named {
  readonly metadata: { readonly name?: string; readonly namespace?: string }
}

export interface WaitingWorld {
  readonly clock: ManualClock
  readonly state: ClusterState
  put(plural: string, object: Named): void
  take(plural: string, key: string): void
  /** Places the pod on n1, the only node, and prepares its volumes; the verdict is `waits` until there is one. */
  begin(pod: Pod): { verdict(): Verdict | 'waits' }
}

export interface WaitingOptions {
  readonly claims: readonly Named[]
  readonly volumes?: readonly Named[]
  readonly timeoutSeconds: number
}

export function waitingWorld({
  claims,
  volumes = [],
  timeoutSeconds,
}: WaitingOptions): WaitingWorld {
  const objects: Record<string, Named[]> = {
    storageclasses: [classNamed('late', { provisioner: 'driver' })],
    persistentvolumeclaims: [...claims],
    persistentvolumes: [...volumes],
    pods: [],
  }
  const take = (plural: string, key: string) => {
    const list = objects[plural] ?? []
    const at = list.findIndex(object => keyOf(object as never) === key)
    if (at >= 0) list.splice(at, 1)
  }
  const put = (plural: string, object: Named) => {
    take(plural, keyOf(object as never))
    objects[plural]?.push(object)
  }
  const clock = createManualClock()
  const world = createWorld({
    clock,
    client: {
      // What is written is seen at once, in a later revision.
      async update({ plural }: { plural: string }, object: Named) {
        const written = { ...object, metadata: { ...object.metadata, resourceVersion: '5' } }
        put(plural, written)
        return written
      },
    },
    objects,
    profile: { pluginArgs: new Map([['VolumeBinding', { bindTimeoutSeconds: timeoutSeconds }]]) },
  })
  world.state.setNode(nodeOf('n1'))
  const plugin = world.profile.points.reserve.find(({ name }) => name === 'VolumeBinding')
  assert.ok(plugin)
  return {
    clock,
    state: world.state,
    take,
    put,
    begin(pod) {
      put('pods', pod as Named)
      const [info, cycle] = [podInfoOf(pod), new CycleState()]
      const result = world.attempt(info, cycle)
      assert.ok('node' in result, 'the pod has a place')
      assert.equal(plugin.reserve(cycle, info, result.node), undefined)
      let verdict: Verdict | 'waits' = 'waits'
      void Promise.resolve(plugin.preBind?.(cycle, info, result.node)).then(status => {
        verdict = status
      })
      return { verdict: () => verdict }
    },
  }
}
