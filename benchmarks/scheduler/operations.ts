/** What each opcode does. */
import { node } from '#api/core/v1/node.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { service } from '#api/core/v1/service.ts'
import { nodeFrom, podFrom, serviceTemplate } from './templates.ts'
import { type countBound, inParallel, type World } from './world.ts'

/** So many requests of the client are under way at a time. */
const PARALLEL = 64

type Count = number | string

export type Operation =
  | { readonly opcode: 'createNodes'; count: Count; nodeTemplate?: string; zones?: string[] }
  | CreatePods
  | { readonly opcode: 'createAny'; template: string; namespace: string }
  | Churn
  | { readonly opcode: 'barrier'; stage?: 'attempted' | 'scheduled' }
  | DeletePods

interface CreatePods {
  readonly opcode: 'createPods'
  readonly count: Count
  readonly podTemplate?: string
  readonly namespace?: string
  readonly collectMetrics?: boolean
  readonly skipWaitToCompletion?: boolean
}
interface Churn {
  readonly opcode: 'churn'
  readonly mode: 'create' | 'recreate'
  readonly number?: number
  readonly templates: readonly string[]
  readonly intervalMilliseconds: number
}
interface DeletePods {
  readonly opcode: 'deletePods'
  readonly namespace: string
  readonly deletePodsPerSecond: number
  readonly skipWaitToCompletion?: boolean
}

export interface Measuring {
  readonly count: number
  readonly template: string
}

export interface Run {
  readonly world: World
  readonly bound: ReturnType<typeof countBound>
  readonly params: Readonly<Record<string, number>>
  /** Called around the pods that are measured. */
  readonly measure: (pods: Measuring, work: () => Promise<void>) => Promise<void>
  /** What goes on beside later operations. */
  readonly background: { stop(): void; readonly done: Promise<unknown> }[]
  nodes: number
  namespaces: number
}

export function countOf(run: Pick<Run, 'params'>, count: Count): number {
  if (typeof count === 'number') return count
  const value = run.params[count.slice(1)]
  if (value === undefined) throw new Error(`no parameter ${count}`)
  return value
}

export async function perform(run: Run, operation: Operation): Promise<void> {
  switch (operation.opcode) {
    case 'createNodes': {
      const { nodeTemplate = 'node-default', zones = [] } = operation
      const count = countOf(run, operation.count)
      const start = run.nodes
      run.nodes += count
      return inParallel(count, PARALLEL, index => {
        const zone = zones[index % zones.length]
        const labels: Record<string, string> = zone ? { 'topology.kubernetes.io/zone': zone } : {}
        const made = nodeFrom(nodeTemplate, start + index, labels)
        return createReadyNode(run.world, made)
      })
    }
    case 'createPods':
      return createPods(run, operation)
    case 'createAny':
      await run.world.openNamespace(operation.namespace)
      await run.world.client.create(service, {
        metadata: { name: 'service', namespace: operation.namespace },
        ...serviceTemplate,
      } as never)
      return
    case 'churn':
      run.background.push(churn(run, operation))
      return
    case 'barrier':
      // Gated pods are never tried; that they are in the queue, a turn of the loop shows.
      return new Promise(resolve => setTimeout(resolve, 100))
    case 'deletePods': {
      const deleting = deletePods(run, operation)
      run.background.push(deleting)
      if (!operation.skipWaitToCompletion) await deleting.done
      return
    }
  }
}

/** New nodes are tainted until a controller finds them ready; here none runs. */
async function createReadyNode({ client }: World, made: object): Promise<void> {
  const { metadata } = await client.create(node, made)
  await client.patch(node, { name: metadata.name ?? '' }, 'merge', { spec: { taints: null } })
}

async function createPods(run: Run, operation: CreatePods): Promise<void> {
  const place = operation.namespace ?? `namespace-${run.namespaces++}`
  await run.world.openNamespace(place)
  const count = countOf(run, operation.count)
  const template = operation.podTemplate ?? 'pod-default'
  const before = run.bound.in(place)
  const work = async () => {
    const all = operation.skipWaitToCompletion
      ? Promise.resolve()
      : run.bound.reached(place, before + count)
    await inParallel(count, PARALLEL, () => createPod(run.world, place, template))
    await all
  }
  if (operation.collectMetrics) await run.measure({ count, template }, work)
  else await work()
}

export function createPod(world: World, place: string, template: string): Promise<Pod> {
  const { metadata, ...rest } = podFrom(template)
  return world.client.create(pod, { metadata: { ...metadata, namespace: place }, ...rest })
}

function repeated(intervalMs: number, act: () => Promise<unknown>) {
  let pending: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    pending = pending.then(act)
  }, intervalMs)
  return {
    stop: () => clearInterval(timer),
    get done() {
      return pending
    },
  }
}

function churn(run: Run, { mode, templates, intervalMilliseconds, number = 1 }: Churn) {
  const { client, openNamespace } = run.world
  const place = `namespace-${run.namespaces++}`
  let turn = 0
  const make = async (template: string, name: string) => {
    if (template === 'churn-node') {
      const made = nodeFrom('node-default', 0, {}) as { metadata: object }
      await createReadyNode(run.world, { ...made, metadata: { ...made.metadata, name } })
      return () => client.delete(node, { name })
    }
    if (template === 'service') {
      await client.create(service, {
        metadata: { name, namespace: place },
        ...serviceTemplate,
      } as never)
      return () => client.delete(service, { name, namespace: place })
    }
    const created = await createPod(run.world, place, template)
    const at = { name: created.metadata.name ?? '', namespace: place }
    return () => client.delete(pod, at, { gracePeriodSeconds: 0 })
  }
  const made = new Map<string, (() => Promise<void>)[]>()
  return repeated(intervalMilliseconds, async () => {
    await openNamespace(place)
    turn++
    for (const template of templates) {
      const there = made.get(template) ?? []
      made.set(template, there)
      if (mode === 'recreate' && there.length >= number) await there.shift()?.()
      else there.push(await make(template, `churn-${template.slice(0, 5)}-${turn}`))
    }
  })
}

function deletePods(run: Run, { namespace, deletePodsPerSecond }: DeletePods) {
  const { client } = run.world
  let names: string[] | undefined
  let finished: () => void = () => {}
  const done = new Promise<void>(resolve => {
    finished = resolve
  })
  const deleting = repeated(1000 / deletePodsPerSecond, async () => {
    names ??= run.world.informers
      .for(pod)
      .list(namespace)
      .map(({ metadata }) => metadata.name ?? '')
    const name = names.pop()
    if (name === undefined) finished()
    else await client.delete(pod, { name, namespace }, { gracePeriodSeconds: 0 })
  })
  return { stop: () => deleting.stop(), done: Promise.race([done, deleting.done]) }
}
