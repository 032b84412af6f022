import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployment } from '#api/apps/v1/deployment.ts'
import { horizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { type KubernetesObject, keyOf } from '#api/machinery/metadata.ts'
import { createFigureBook } from '#base/figures.ts'
import { silentLog } from '#base/log.ts'
import type { RoleContext } from '#client/role.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { systemRandom } from '#host/random.ts'
import type { Members } from '../inventory/members.ts'
import { DELETE_FROM_CLUSTERS, PLACED_BY } from '../names.ts'
import { Sync } from './sync.ts'

const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [] } }
const selector = { matchLabels: { a: 'b' } }
const web = (more: object, replicas: number) => ({
  ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
  metadata: { name: 'web', namespace: 'default', uid: 'u', ...more },
  spec: { replicas, selector, template },
})
const autoscaler = {
  metadata: { name: 'web', namespace: 'default', uid: 'h' },
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' } },
}

/** A host on which one kind is known later than the others, and a cluster in which a copy has grown. */
function restarted() {
  const late = Promise.withResolvers<void>()
  let isLate = true
  const objects = (kind: AnyKind): readonly KubernetesObject[] => {
    if (kind === deployment)
      return [web({ finalizers: [DELETE_FROM_CLUSTERS] }, 2)] as unknown as KubernetesObject[]
    if (kind === horizontalPodAutoscaler && !isLate)
      return [autoscaler] as unknown as KubernetesObject[]
    return []
  }
  const informer = (kind: AnyKind) => ({
    synced: kind === horizontalPodAutoscaler ? late.promise : Promise.resolve(),
    get: (key: string) => objects(kind).find(each => keyOf(each) === key),
    list: () => objects(kind),
    subscribe({ changed }: { changed: (object: KubernetesObject) => void }) {
      for (const each of objects(kind)) changed(each)
      return () => {}
    },
  })
  const sizes: unknown[] = []
  const client = {
    patch: async (_: AnyKind, __: object, type: string, patch: ReturnType<typeof web>) => {
      if (type === 'apply') sizes.push(patch.spec.replicas)
      return patch
    },
    list: async () => ({ items: [], metadata: {} }),
  }
  const copy = web({ uid: 'c', labels: { [PLACED_BY]: 'f' }, managedFields: [] }, 50)
  const members = {
    list: () => [
      {
        ...{ name: 'east', labels: {}, state: 'Ready' },
        member: { client, copy: () => copy, isSynced: () => true },
      },
    ],
    follow() {},
    suspect() {},
  } as unknown as Members
  const clock = createManualClock()
  const host = { patch: async () => ({}), create: async () => ({}) }
  const informers = { for: informer }
  const context = { client: host, informers, clock, random: systemRandom, log: silentLog }
  const sync = new Sync(context as unknown as RoleContext, {
    ...{ uid: 'f', members, figures: createFigureBook() },
  })
  sync.start()
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await clock.advance(1)
  }
  return {
    sizes,
    sync,
    settle,
    async known() {
      isLate = false
      late.resolve()
      await settle()
    },
  }
}

test('what an autoscaler has sized keeps its size while the host begins anew and does not know it yet', async () => {
  const { sizes, sync, settle, known } = restarted()
  await settle()
  assert.deepEqual(sizes, [])
  await known()
  assert.deepEqual([...new Set(sizes)], [50])
  await sync.stop()
})

test('it can be stopped before all is known', async () => {
  const { sizes, sync, settle } = restarted()
  await settle()
  await sync.stop()
  assert.deepEqual(sizes, [])
})
