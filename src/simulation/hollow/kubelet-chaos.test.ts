/**
 * The kubelet as a whole under random misfortune. A seed is a test: `CHAOS_SEED=17` runs that one
 * alone, `CHAOS_RUNS=500` many.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import { rest, type TestCluster } from '../testing/hollow-cluster.ts'
import { type ChaosOptions, KubeletChaos } from '../testing/kubelet-chaos.ts'
import { at, conditionOf, sh, web, withCluster } from '../testing/pod-views.ts'

const RUNS = Number(process.env.CHAOS_RUNS ?? 3)
const ONLY = process.env.CHAOS_SEED
const STEPS = 40
/** Longer than every back-off and retry of what these pods do. */
const PATIENCE_MS = 400_000

const c = (script: string, more: object = {}) => ({
  name: 'c',
  image: 'busybox',
  command: sh(script),
  ...more,
})
const side = { name: 'side', image: 'busybox', restartPolicy: 'Always' }
const ready = { exec: { command: ['true'] }, periodSeconds: 2 }
/** By the first word of their names: what they are, and how they must stand when all is quiet. */
const SPECS: Readonly<Record<string, { spec: object; phase: string }>> = {
  web: { spec: { containers: [{ ...web, readinessProbe: ready }] }, phase: 'Running' },
  two: { spec: { containers: [web, { ...web, name: 'other' }] }, phase: 'Running' },
  unready: {
    spec: {
      containers: [{ ...web, readinessProbe: { exec: { command: ['false'] }, periodSeconds: 2 } }],
    },
    phase: 'Running',
  },
  done: { spec: { restartPolicy: 'Never', containers: [c('sleep 3')] }, phase: 'Succeeded' },
  wrong: { spec: { restartPolicy: 'Never', containers: [c('sleep 3; exit 2')] }, phase: 'Failed' },
  once: {
    spec: { restartPolicy: 'OnFailure', initContainers: [side], containers: [c('sleep 5')] },
    phase: 'Succeeded',
  },
  first: {
    spec: {
      initContainers: [{ ...c('sleep 2'), name: 'one' }, side, { ...c('sleep 1'), name: 'two' }],
      containers: [web],
    },
    phase: 'Running',
  },
}
const KINDS = Object.keys(SPECS)

async function misfortune(chaos: KubeletChaos, cluster: TestCluster, step: number) {
  const { random } = chaos
  const { items } = await cluster.client.list(podKind, { namespace: 'default' })
  const name = items[random.integer(Math.max(1, items.length))]?.metadata.name
  switch (random.integer(8)) {
    case 0:
    case 1:
    case 2: {
      const kind = KINDS[random.integer(KINDS.length)] as string
      await cluster.createPod(`${kind}-${step}`, SPECS[kind]?.spec ?? {})
      break
    }
    case 3:
      if (name)
        await cluster.client.delete(podKind, at(name), {
          gracePeriodSeconds: [0, 1, 30][random.integer(3)] as number,
        })
      break
    case 4:
      chaos.kill()
      chaos.start()
      break
    case 5:
      await chaos.stop()
      chaos.start()
      break
    case 6:
      cluster.transport.away = !cluster.transport.away
      break
  }
}

/** Few turns of the event loop instead of rest: whatever comes next comes in the middle of something. */
async function someTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(resolve => setImmediate(resolve))
}

async function live(cluster: TestCluster, options: ChaosOptions): Promise<KubeletChaos> {
  const node = cluster.node()
  const chaos = new KubeletChaos(cluster, node, options)
  const { random } = chaos
  chaos.start()
  for (let step = 0; step < STEPS && chaos.violations.length === 0; step++) {
    const away = cluster.transport.away
    cluster.transport.away = false
    await chaos.look()
    await misfortune(chaos, cluster, step)
    if (away && random.integer(3) > 0) cluster.transport.away = true
    await someTurns(random.integer(30))
    if (random.integer(4) > 0) await cluster.clock.advance(random.integer(4_000))
  }
  cluster.transport.away = false
  chaos.faultPercent = 0
  if (chaos.violations.length > 0) {
    chaos.kill()
    return chaos
  }
  await cluster.clock.advance(PATIENCE_MS)
  await chaos.look()
  await quiet(chaos, cluster)
  for (const { metadata } of (await cluster.client.list(podKind, { namespace: 'default' })).items)
    await cluster.client.delete(podKind, at(metadata.name ?? ''))
  await cluster.clock.advance(60_000)
  const { items } = await cluster.client.list(podKind, { namespace: 'default' })
  assert.deepEqual(
    items.map(({ metadata }) => metadata.name),
    [],
    'pods that do not end',
  )
  assert.deepEqual(await node.runtime.listPodSandboxes(), [])
  assert.deepEqual(await node.runtime.listContainers(), [])
  assert.deepEqual(await node.hostAccess.files.names('/var/lib/kubelet/pods'), [])
  assert.deepEqual(await node.hostAccess.files.names('/var/log/pods'), [])
  await chaos.stop()
  return chaos
}

/** With nothing going wrong any more, every pod is what it should be, and says so. */
async function quiet(chaos: KubeletChaos, cluster: TestCluster): Promise<void> {
  const running = await chaos.running()
  const { items } = await cluster.client.list(podKind, { namespace: 'default' })
  for (const pod of items) {
    if (pod.metadata.deletionTimestamp) assert.fail(`${pod.metadata.name} does not end`)
    const [kind = ''] = pod.metadata.name?.split('-') ?? []
    const name = `${pod.metadata.name}`
    assert.equal(pod.status?.phase, SPECS[kind]?.phase, name)
    const mine = running.filter(run => run.labels['io.kubernetes.pod.uid'] === pod.metadata.uid)
    const isServer = pod.status?.phase === 'Running'
    const wanted = isServer
      ? [
          ...(pod.spec?.initContainers ?? []).filter(one => one.restartPolicy === 'Always'),
          ...(pod.spec?.containers ?? []),
        ].map(container => container.name)
      : []
    assert.deepEqual(mine.map(run => run.name).sort(), wanted.sort(), name)
    const isReady = isServer && kind !== 'unready'
    assert.equal(conditionOf(pod, 'Ready')?.status, isReady ? 'True' : 'False', name)
    for (const status of pod.status?.containerStatuses ?? []) {
      const run = mine.find(other => other.name === status.name)
      if (run) assert.equal(status.containerID, `containerd://${run.id}`, name)
      if (run) assert.equal(status.restartCount, run.attempt, name)
    }
  }
}

const seeds = ONLY ? [Number(ONLY)] : Array.from({ length: RUNS }, (_, index) => index + 1)
for (const seed of seeds)
  test(`whatever goes wrong, a kubelet keeps its word (seed ${seed})`, () =>
    withCluster(async cluster => {
      const chaos = await live(cluster, { seed })
      if (ONLY) console.log(chaos.trace.join('\n'))
      assert.deepEqual(chaos.violations, [])
    }))

test('a seed always tells the same story', async () => {
  const traces: string[][] = []
  for (let run = 0; run < 2; run++)
    await withCluster(async cluster => {
      traces.push((await live(cluster, { seed: 5 })).trace)
    })
  assert.ok((traces[0]?.length ?? 0) > 100)
  assert.deepEqual(traces[0], traces[1])
})

test('a kubelet that forgets what runs is found out', async () => {
  let found = 0
  for (let seed = 1; seed <= 3; seed++)
    await withCluster(async cluster => {
      const chaos = await live(cluster, { seed, forgetful: true }).catch(() => undefined)
      if (!chaos || chaos.violations.length > 0) found++
      await rest()
    })
  assert.equal(found, 3)
})
