/**
 * One life of a cluster with gangs: a whole scheduler over a real API server, users, faults, and of controllers and kubelets the few lines
 * that matter to it. What happens is drawn from a seed.
 */
import { event } from '#api/core/v1/event.ts'
import { node } from '#api/core/v1/node.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { deviceClass } from '#api/resource/v1/device-class.ts'
import { resourceClaim } from '#api/resource/v1/resource-claim.ts'
import { resourceSlice } from '#api/resource/v1/resource-slice.ts'
import { priorityClass } from '#api/scheduling/v1/priority-class.ts'
import { podGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import type { Client } from '#client/client.ts'
import { createSeededRandom } from '#client/testing/manual-clock.ts'
import type { PluginFactory } from '../framework/handle.ts'
import { type RunningScheduler, startScheduler } from '../scheduler.ts'
import type { Seen } from './gang-judge.ts'
import type { ServedCluster } from './served-cluster.ts'
import { asking, nodeOf } from './world.ts'

const namespace = 'a'
const NOW = { gracePeriodSeconds: 0 }
const CLASSES = { low: 1, middle: 5, high: 10 } as const
const DEVICES_PER_NODE = 2
const QUIET_MS = 60
const GATES = [
  'GenericWorkload',
  'GangScheduling',
  'WorkloadAwarePreemption',
  'DRAWorkloadResourceClaims',
]

/** What is done to the scheduler to see whether anybody notices. */
export interface Plant {
  readonly plugins?: ReadonlyMap<string, PluginFactory>
  readonly client?: (client: Client) => Client
}

export interface LifeOptions {
  readonly seed: number
  /** Of so many writes of the scheduler one fails before it is written, and one after; 0 for none. */
  readonly oneIn: number
  readonly plant?: Plant
}

/** A pod as it was made, for when it is gone. */
interface Made {
  readonly name: string
  readonly priority: number
  readonly group: string | undefined
}

export class GangLife implements AsyncDisposable {
  readonly #cluster: ServedCluster
  readonly #options: LifeOptions
  readonly #draw: (below: number) => number
  readonly #watching: ReturnType<ServedCluster['openContext']>
  #context: ReturnType<ServedCluster['openContext']>
  #scheduler: RunningScheduler
  #hasFaults = true
  #made = 0
  #lastWrite = performance.now()
  readonly #pods = new Map<string, Made>()
  readonly #groups = new Map<string, { name: string; priority: number }>()
  readonly #places = new Map<string, string>()
  /** By the name of a pod, its gang; known before the scheduler can hear of the pod. */
  readonly #gangs = new Map<string, string>()
  /** By the name of a pod, the node that is kept for it though the API was never told. */
  readonly #untold = new Map<string, { nominatedNodeName: string }>()
  /** Pods that a user or the death of their node took away, by name. */
  readonly #taken = new Set<string>()
  /** Gangs that lost a member, or whose bindings went wrong. */
  readonly excused = new Set<string>()
  /** What went wrong for good: no look at a later moment would show it. */
  readonly complaints: string[] = []
  /** Of whole groups that another group evicts, who was bound then. */
  readonly #doomed = new Map<string, ReadonlySet<string>>()
  readonly counts = { faults: 0, evictions: 0, wholeGroups: 0, restarts: 0 }

  constructor(cluster: ServedCluster, options: LifeOptions) {
    this.#cluster = cluster
    this.#options = options
    const random = createSeededRandom(options.seed)
    this.#draw = below => random.integer(below)
    this.#watching = cluster.openContext()
    this.#watching.informers.for(pod).subscribe({
      changed: ({ metadata: { uid = '', name = '' }, spec }) => {
        const before = this.#places.get(uid)
        if (before && before !== spec.nodeName) this.complaints.push(`${name} is on two nodes`)
        if (spec.nodeName) this.#places.set(uid, spec.nodeName)
      },
      deleted: ({ metadata, spec }) => {
        const { podGroupName } = spec.schedulingGroup ?? {}
        if (this.#places.has(metadata.uid ?? '') && podGroupName) this.excused.add(podGroupName)
      },
    })
    this.#context = cluster.openContext(this.#faulty())
    this.#scheduler = this.#start()
  }

  get #client(): Client {
    return this.#cluster.client
  }

  #start(): RunningScheduler {
    return startScheduler(this.#context, {
      featureGates: new Map(GATES.map(gate => [gate, true])),
      podInitialBackoffMs: 5,
      podMaxBackoffMs: 20,
      ...(this.#options.plant?.plugins ? { ownPlugins: this.#options.plant.plugins } : {}),
    })
  }

  /** The scheduler's way to the API server. */
  #faulty(): Client {
    const client = this.#options.plant?.client?.(this.#client) ?? this.#client
    const { oneIn } = this.#options
    const write = async <T>(perform: () => Promise<T>, failed = () => {}): Promise<T> => {
      this.#lastWrite = performance.now()
      if (!this.#hasFaults || oneIn === 0) return perform()
      const fate = this.#draw(oneIn)
      if (fate > 1) return perform()
      this.counts.faults++
      failed()
      if (fate === 0) throw new Error('the connection broke before the request')
      await perform()
      throw new Error('the connection broke before the answer')
    }
    return {
      ...client,
      get: client.get.bind(client),
      update: (kind, object, options) =>
        write(
          () => client.update(kind, object, options),
          // A group's claim has its name.
          () => {
            this.excused.add(object.metadata.name ?? '')
          },
        ),
      createSubresource: (kind, at, subresource, body) =>
        write(
          () =>
            client.createSubresource(kind, at, subresource, body).catch(error => {
              // A member went while its gang was being bound.
              this.#excuse(at.name)
              throw error
            }),
          () => this.#excuse(at.name),
        ),
      patch: (kind, at, type, body, options) => {
        const perform = () => client.patch(kind, at, type, body, options)
        const { nominatedNodeName: hope } = (body as Partial<Pod>).status ?? {}
        const told = () => perform().finally(() => this.#untold.delete(at.name))
        const failed = () => void (hope && this.#untold.set(at.name, { nominatedNodeName: hope }))
        if (!this.#noteEviction(at.name, JSON.stringify(body))) return write(told, failed)
        this.#lastWrite = performance.now()
        return perform()
      },
      delete: (kind, at, options) => {
        this.#lastWrite = performance.now()
        if (kind.plural === 'pods') this.counts.evictions++
        return client.delete(kind, at, options)
      },
    }
  }

  #excuse(podName: string): void {
    const gang = this.#gangs.get(podName)
    if (gang) this.excused.add(gang)
  }

  /** Evictions are not made to fail: upstream tears a group then, too. */
  #noteEviction(name: string, body: string): boolean {
    if (!body.includes('PreemptionByScheduler')) return false
    const group = this.#gangs.get(name)
    this.#taken.add(name)
    const known = this.#watching.informers.for(podGroup).get(`${namespace}/${group}`)
    const isWhole = known?.spec.disruptionMode === 'PodGroup'
    if (group && isWhole && body.includes('priority podgroup')) this.#doom(group)
    return true
  }

  #doom(group: string): void {
    if (this.#doomed.has(group)) return
    this.counts.wholeGroups++
    const bound = [...this.#pods].filter(
      ([uid, made]) => made.group === group && this.#places.has(uid),
    )
    this.#doomed.set(group, new Set(bound.map(([, { name }]) => name)))
  }

  async furnish(): Promise<void> {
    for (const [name, value] of Object.entries(CLASSES))
      await this.#client.create(priorityClass, { metadata: { name }, value } as never)
    await this.#client.create(deviceClass, { metadata: { name: 'gpu' }, spec: {} } as never)
    for (let i = 0; i < 3; i++) await this.#addNode()
  }

  async #addNode(): Promise<void> {
    const name = `n${this.#made++}`
    await this.#cluster.addNode(nodeOf(name))
    const devices = Array.from({ length: DEVICES_PER_NODE }, (_, i) => ({ name: `gpu-${i}` }))
    const pool = { name, generation: 1, resourceSliceCount: 1 }
    const spec = { driver: 'gpu.example.com', nodeName: name, pool, devices }
    await this.#client.create(resourceSlice, { metadata: { name }, spec } as never)
  }

  /** One thing that happens. */
  async step(): Promise<void> {
    const fate = this.#draw(20)
    if (fate < 6) await this.#addGang()
    else if (fate < 11) await this.#addSingle()
    else if (fate < 13) await this.#deleteSome()
    else if (fate < 15) await this.#deleteGroup()
    else if (fate === 15) await this.#killNode()
    else if (fate === 16) await this.#addNode()
    else if (fate < 19) await this.#restart()
    else await this.#meddle()
  }

  #pick<T>(values: readonly T[]): T | undefined {
    return values[this.#draw(values.length || 1)]
  }

  #class(): keyof typeof CLASSES {
    return this.#pick(Object.keys(CLASSES) as (keyof typeof CLASSES)[]) ?? 'low'
  }

  async #addClaim(name: string): Promise<object> {
    const exactly = { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 }
    await this.#client.create(resourceClaim, {
      metadata: { name, namespace },
      spec: { devices: { requests: [{ name: 'r', exactly }] } },
    } as never)
    return { resourceClaims: [{ name: 'gpu', resourceClaimName: name }] }
  }

  async #addGang(): Promise<void> {
    const name = `g${this.#made++}`
    const hasDevice = this.#draw(3) === 0
    const claims = hasDevice ? await this.#addClaim(name) : {}
    const minCount = 2 + this.#draw(2)
    const cpu = hasDevice ? '1' : (this.#pick(['1', '2', '3']) ?? '1')
    const priorityClassName = this.#class()
    const disruptionMode = this.#pick(['Pod', 'PodGroup'])
    const schedulingPolicy = { gang: { minCount } }
    const spec = { schedulingPolicy, priorityClassName, disruptionMode, ...claims }
    const group = { metadata: { name, namespace }, spec } as never
    const { metadata } = await this.#client.create(podGroup, group)
    this.#groups.set(metadata.uid ?? '', { name, priority: CLASSES[priorityClassName] })
    const schedulingGroup = { podGroupName: name }
    const members = minCount + this.#draw(2)
    const podSpec = { ...asking(cpu), priorityClassName, schedulingGroup, ...claims }
    for (let i = 0; i < members; i++) await this.#addPod(`${name}-${i}`, podSpec, name)
  }

  async #addSingle(): Promise<void> {
    const name = `p${this.#made++}`
    const claims = this.#draw(4) === 0 ? await this.#addClaim(name) : {}
    const cpu = this.#pick(['1', '2', '3', '4']) ?? '1'
    await this.#addPod(name, { ...asking(cpu), priorityClassName: this.#class(), ...claims })
  }

  async #addPod(name: string, spec: object, group?: string): Promise<void> {
    if (group) this.#gangs.set(name, group)
    const made = { metadata: { name, namespace }, spec } as never
    const { metadata, spec: complete } = await this.#client.create(pod, made)
    this.#pods.set(metadata.uid ?? '', { name, priority: complete.priority ?? 0, group })
  }

  async #deletePod(name: string): Promise<void> {
    this.#taken.add(name)
    await this.#client.delete(pod, { name, namespace }, NOW).catch(() => {})
  }

  async #deleteSome(): Promise<void> {
    const found = this.#pick((await this.#client.list(pod, { namespace })).items)
    if (found) await this.#deletePod(found.metadata.name ?? '')
  }

  async #deleteGroup(): Promise<void> {
    const found = this.#pick((await this.#client.list(podGroup, { namespace })).items)
    if (!found) return
    const { name = '' } = found.metadata
    for (const made of [...this.#pods.values()])
      if (made.group === name) await this.#deletePod(made.name)
    await this.#client.delete(podGroup, { name, namespace })
  }

  async #killNode(): Promise<void> {
    const { items } = await this.#client.list(node)
    const name = this.#pick(items)?.metadata.name
    if (name === undefined || items.length < 3) return
    await this.#client.delete(node, { name })
    await this.#client.delete(resourceSlice, { name })
  }

  async #restart(): Promise<void> {
    this.counts.restarts++
    await this.#scheduler.stop()
    this.#context.end()
    // A gang whose bindings it did not come to is torn until the next one goes on.
    const { pods, groups } = await this.see()
    for (const { metadata } of groups) {
      const members = pods.filter(
        ({ spec }) => spec.schedulingGroup?.podGroupName === metadata.name,
      )
      const bound = members.filter(({ spec }) => spec.nodeName).length
      if (bound > 0 && bound < members.length) this.excused.add(metadata.name ?? '')
    }
    this.#context = this.#cluster.openContext(this.#faulty())
    this.#scheduler = this.#start()
  }

  /** Somebody else writes what the scheduler writes. */
  async #meddle(): Promise<void> {
    const labels = { metadata: { labels: { touched: String(this.#made++) } } }
    for (const { metadata } of (await this.see()).claims) {
      const at = { name: metadata.name ?? '', namespace }
      await this.#client.patch(resourceClaim, at, 'merge', labels)
    }
  }

  /** Kubelets end pods that are told to go, others clean up behind nodes and pods. True if there was something to do. */
  async tend(): Promise<boolean> {
    const seen = await this.see()
    const nodes = new Set(seen.nodes.map(({ metadata }) => metadata.name))
    const gone = seen.pods.filter(
      ({ metadata, spec }) =>
        metadata.deletionTimestamp || (spec.nodeName && !nodes.has(spec.nodeName)),
    )
    for (const { metadata } of gone) await this.#deletePod(metadata.name ?? '')
    const ended = new Set(gone.map(({ metadata }) => metadata.uid))
    const there = new Set([...seen.pods, ...seen.groups].map(({ metadata }) => metadata.uid))
    let freed = 0
    for (const claim of seen.claims) {
      const { reservedFor = [] } = claim.status
      const left = reservedFor.filter(({ uid }) => there.has(uid) && !ended.has(uid))
      if (left.length === reservedFor.length) continue
      freed++
      const status = left.length > 0 ? { ...claim.status, reservedFor: left } : {}
      await this.#client
        .update(resourceClaim, { ...claim, status }, { subresource: 'status' })
        .catch(() => {})
    }
    return gone.length + freed > 0
  }

  /** Whether the scheduler has written nothing for a while. */
  get isQuiet(): boolean {
    return performance.now() - this.#lastWrite > QUIET_MS
  }

  set hasFaults(has: boolean) {
    this.#hasFaults = has
  }

  async see(): Promise<Seen> {
    const { items: nodes } = await this.#client.list(node)
    const { items } = await this.#client.list(pod, { namespace })
    const hopeOf = ({ metadata: { name = '' } }: Pod) => this.#untold.get(name)
    const pods = items.map(each => ({ ...each, status: { ...each.status, ...hopeOf(each) } }))
    const { items: groups } = await this.#client.list(podGroup, { namespace })
    const { items: claims } = await this.#client.list(resourceClaim, { namespace })
    const { items: slices } = await this.#client.list(resourceSlice)
    return { nodes, pods, groups, claims, slices }
  }

  /** Pods that are gone though nobody took them, and groups that went in part. */
  lost({ pods }: Seen): string[] {
    const there = new Set(pods.map(({ metadata }) => metadata.name ?? ''))
    const lost = [...this.#pods.values()]
      .filter(({ name }) => !there.has(name) && !this.#taken.has(name))
      .map(({ name }) => `${name} is lost`)
    const halves = [...this.#doomed].flatMap(([group, bound]) =>
      [...bound].some(name => there.has(name)) ? [`${group} was evicted in part`] : [],
    )
    return [...lost, ...halves]
  }

  /** Who was evicted for somebody who is not more important, as Events tell. */
  async unjust(): Promise<string[]> {
    const { items } = await this.#client.list(event, { namespace })
    return items.flatMap(({ reason, message = '', involvedObject }) => {
      if (reason !== 'Preempted') return []
      const [, kind, uid = ''] = /^Preempted by (pod|podgroup) (\S+)/.exec(message) ?? []
      const by = kind === 'pod' ? this.#pods.get(uid) : this.#groups.get(uid)
      const victim = this.#pods.get(involvedObject.uid ?? '')
      if (by && victim && by.priority > victim.priority) return []
      return [`${victim?.name} of ${victim?.priority} went for ${by?.name} of ${by?.priority}`]
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scheduler.stop()
    this.#context.end()
    this.#watching.end()
  }
}
