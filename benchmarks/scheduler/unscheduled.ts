/** What bounds a workload: the same writes by a client that decides nothing and waits for nobody. */
import { binding } from '#api/core/v1/binding.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import { countOf, createPod } from './operations.ts'
import { findWorkload, type Measured, milliseconds } from './workload.ts'
import { countBound, createWorld, inParallel, type StoreName, type World } from './world.ts'

/** Of four pods on a node, so many go for a more important one. */
const VICTIMS = 3
const PARALLEL = 64

/**
 * Creates and binds the pods that are measured, one node after the other; where they preempt others, those are there before, and
 * are marked and deleted as the scheduler does it.
 */
export async function runWithoutScheduling(path: string, storeName: StoreName): Promise<Measured> {
  const { found, workload } = findWorkload(path)
  const measured = found.operations.find(
    operation => operation.opcode === 'createPods' && operation.collectMetrics,
  )
  if (measured?.opcode !== 'createPods') throw new Error(`${path} measures no pods`)
  await using world = await createWorld(storeName)
  const bound = countBound(world.informers)
  const place = measured.namespace ?? 'measured'
  await world.openNamespace(place)
  await world.openNamespace('victims')
  const { params } = workload
  const count = countOf({ params }, measured.count)
  const nodes = params.initNodes ?? 1
  const template = measured.podTemplate ?? 'pod-default'
  const preempts = template === 'pod-high-priority'
  const victims: Pod[] = []
  await inParallel(preempts ? VICTIMS * count : 0, PARALLEL, async index => {
    const made = await createPod(world, 'victims', 'pod-low-priority')
    await bindTo(world, made, `node-${index % nodes}`)
    victims.push(made)
  })
  const before = { ...world.requests }
  const cpuStart = process.cpuUsage()
  const start = performance.now()
  const all = bound.reached(place, count)
  await inParallel(count, PARALLEL, async index => {
    const created = await createPod(world, place, template)
    const node = `node-${index % nodes}`
    if (preempts) {
      await patchStatus(world, created, { conditions: [REFUSED], nominatedNodeName: node })
      const going = victims.slice(VICTIMS * index, VICTIMS * (index + 1))
      await Promise.all(going.map(victim => evict(world, victim)))
    }
    await bindTo(world, created, node)
  })
  await all
  const seconds = (performance.now() - start) / 1000
  const cpuMs = milliseconds(process.cpuUsage(cpuStart)) / count
  bound.end()
  return {
    podsPerSecond: count / seconds,
    p50Ms: 0,
    p99Ms: 0,
    attempts: 0,
    unschedulable: 0,
    residentMegabytes: process.memoryUsage.rss() / 1e6,
    cpuMs,
    writes: (world.requests.writes - before.writes) / count,
    events: 0,
    naiveMs: 0,
  }
}

const REFUSED = {
  type: 'PodScheduled',
  status: 'False',
  reason: 'Unschedulable',
  message: '0/5000 nodes are available: 5000 Insufficient cpu.',
}
const PREEMPTED = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'PreemptionByScheduler',
  message: 'default-scheduler: preempting to accommodate a higher priority pod',
}

function patchStatus({ client }: World, { metadata }: Pod, status: object): Promise<unknown> {
  const { name = '', namespace = '', uid } = metadata
  const body = { metadata: { uid }, status }
  return client.patch(pod, { name, namespace }, 'strategic', body, { subresource: 'status' })
}

async function evict(world: World, victim: Pod): Promise<void> {
  const { name = '', namespace = '', uid = '' } = victim.metadata
  await patchStatus(world, victim, { conditions: [PREEMPTED] })
  await world.client.delete(pod, { name, namespace }, { uid })
}

function bindTo({ client }: World, { metadata }: Pod, node: string): Promise<unknown> {
  const { name = '', namespace = '', uid } = metadata
  return client.createSubresource(pod, { name, namespace }, 'binding', {
    apiVersion: apiVersionOf(binding),
    kind: binding.kind,
    metadata: { name, namespace, uid },
    target: { apiVersion: 'v1', kind: 'Node', name: node },
  })
}
