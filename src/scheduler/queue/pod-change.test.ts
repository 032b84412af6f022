import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { actions } from '../framework/cluster-event.ts'
import { asking, podOf } from '../testing/world.ts'
import { podChange } from './pod-change.ts'

interface Change {
  readonly metadata?: object
  readonly spec?: object
  readonly status?: object
}

/** The generation grows with the spec, as the server sees to. */
function changed(pod: Pod, { metadata, spec, status }: Change): Pod {
  const { generation = 0 } = pod.metadata
  return {
    ...pod,
    metadata: { ...pod.metadata, generation: spec ? generation + 1 : generation, ...metadata },
    spec: { ...pod.spec, ...spec },
    status: { ...pod.status, ...status },
  } as Pod
}

const plain = podOf('p', asking('1'), { app: 'a' })
const counted = changed(plain, { metadata: { generation: 1 } })
const held = changed(counted, { spec: { schedulingGates: [{ name: 'g' }] } })
const running = (cpu: string) => ({
  containerStatuses: [{ name: 'c', resources: { requests: { cpu } } }],
})
const claims = { resourceClaimStatuses: [{ name: 'c', resourceClaimName: 'c-1' }] }

for (const { what, before = counted, change, action } of [
  { what: 'nothing', change: {}, action: 0 },
  { what: 'a heartbeat of the status', change: { status: { phase: 'Running' } }, action: 0 },
  { what: 'its labels', change: { metadata: { labels: {} } }, action: actions.updatePodLabel },
  {
    what: 'smaller requests',
    change: { spec: asking('500m') },
    action: actions.updatePodScaleDown,
  },
  { what: 'larger requests', change: { spec: asking('2') }, action: actions.updateOther },
  {
    what: 'a resize that the node has done',
    before: changed(counted, { status: running('2') }),
    change: { status: running('1') },
    action: actions.updatePodScaleDown,
  },
  {
    what: 'the last gate',
    before: held,
    change: { spec: { schedulingGates: undefined } },
    action: actions.updatePodSchedulingGatesEliminated,
  },
  {
    what: 'its tolerations',
    change: { spec: { tolerations: [{ operator: 'Exists' }] } },
    action: actions.updatePodToleration,
  },
  {
    what: 'a claim made for it',
    change: { status: claims },
    action: actions.updatePodGeneratedResourceClaim,
  },
  {
    what: 'its spec, where nobody counts',
    before: plain,
    change: { spec: { hostname: 'h' }, metadata: { generation: undefined } },
    action: actions.updateOther,
  },
] satisfies { what: string; before?: Pod; change: Change; action: number }[])
  test(`${what} of a pod changed`, () => {
    assert.equal(podChange(before, changed(before, change)), action)
  })
