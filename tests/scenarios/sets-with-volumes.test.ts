/** StatefulSets with claims of their own: in order or all at once, updated in part, and what they keep when they shrink or go. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pod } from '#api/core/v1/pod/pod.ts'
import { kubectlMissing } from '../tools/kubectl.ts'
import { followPods, isReady, until } from './hollow-workloads.ts'
import { kubectlCluster } from './kubectl-cluster.ts'

const set = (name: string, more: string) => `apiVersion: apps/v1
kind: StatefulSet
metadata: { name: ${name} }
spec:
  replicas: 3
  serviceName: ${name}
  selector: { matchLabels: { app: ${name} } }
  ${more}
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 0
      containers: [ { name: main, image: 'db:1', volumeMounts: [ { name: data, mountPath: /data } ] } ]
  volumeClaimTemplates:
  - metadata: { name: data }
    spec: { accessModes: [ ReadWriteOnce ], resources: { requests: { storage: 1Gi } } }
`

describe('sets with volumes', { skip: kubectlMissing(), timeout: 600_000 }, () => {
  const scene = kubectlCluster(3)
  const { apply, read } = scene
  const names = async (what: string, app: string) => {
    const text = await read(`${what} -l app=${app}`, '{.items[*].metadata.name}')
    return text === '' ? [] : text.split(' ').toSorted()
  }
  const ready = (app: string, count: number) =>
    scene.kubectl.run(
      `wait statefulset/${app} --for=jsonpath={.status.readyReplicas}=${count} --timeout=150s`,
    )

  test('in order by default, all at once if asked', async () => {
    for (const [name, policy, isOrdered] of [
      ['ordered', 'podManagementPolicy: OrderedReady', true],
      ['parallel', 'podManagementPolicy: Parallel', false],
    ] as const) {
      const [alive, wereReady] = [new Set<string>(), new Set<string>()]
      let most = 0
      const unfollow = await followPods(scene.cluster, name, found => {
        const each = found.metadata.name ?? ''
        alive.add(each)
        if (isReady(found)) wereReady.add(each)
        most = Math.max(most, alive.size - wereReady.size)
      })
      await apply(set(name, policy))
      await ready(name, 3)
      unfollow()
      if (isOrdered) assert.equal(most, 1, 'one at a time')
      else assert.equal(most, 3, 'all at once')
      assert.deepEqual(
        await names('pvc', name),
        [0, 1, 2].map(index => `data-${name}-${index}`),
      )
    }
  })

  test('a partition keeps those below it as they were, also when they come again', async () => {
    const { kubectl } = scene
    const images = () => read('pods -l app=ordered', '{.items[*].spec.containers[0].image}')
    const partition = (from: number) =>
      kubectl.run([
        'patch',
        'statefulset',
        'ordered',
        '-p',
        JSON.stringify({ spec: { updateStrategy: { rollingUpdate: { partition: from } } } }),
      ])
    await partition(2)
    await kubectl.run('set image statefulset/ordered main=db:2')
    assert.match(
      await kubectl.run('rollout status statefulset/ordered --timeout=150s'),
      /partitioned roll out complete: 1 new pods have been updated/,
    )
    assert.equal(await images(), 'db:1 db:1 db:2')
    const before = await read('pod ordered-0', '{.metadata.uid}')
    const claim = await read('pvc data-ordered-0', '{.metadata.uid}')
    await kubectl.run('delete pod ordered-0')
    await until('ordered-0 again', async () => {
      const found = await scene.cluster.client
        .get(pod, 'ordered-0', 'default')
        .catch(() => undefined)
      return found !== undefined && found.metadata.uid !== before && isReady(found)
    })
    assert.equal(await images(), 'db:1 db:1 db:2')
    assert.equal(await read('pvc data-ordered-0', '{.metadata.uid}'), claim, 'with its volume')
    await partition(0)
    await kubectl.run('rollout status statefulset/ordered --timeout=150s')
    assert.equal(await images(), 'db:2 db:2 db:2')
  })

  test('claims outlive pods, unless the policy says otherwise', async () => {
    const { kubectl } = scene
    await kubectl.run('scale statefulset/parallel --replicas=1')
    await until('one pod', async () => (await names('pods', 'parallel')).length === 1)
    assert.equal((await names('pvc', 'parallel')).length, 3)
    const policy = { whenScaled: 'Delete', whenDeleted: 'Delete' }
    await kubectl.run([
      'patch',
      'statefulset',
      'ordered',
      '-p',
      JSON.stringify({ spec: { persistentVolumeClaimRetentionPolicy: policy } }),
    ])
    await kubectl.run('scale statefulset/ordered --replicas=2')
    await until('two claims', async () => (await names('pvc', 'ordered')).length === 2)
    assert.deepEqual(await names('pvc', 'ordered'), ['data-ordered-0', 'data-ordered-1'])
    await kubectl.run('delete statefulset ordered parallel')
    await until('no claims', async () => (await names('pvc', 'ordered')).length === 0)
    assert.equal((await names('pvc', 'parallel')).length, 3)
  })
})
