/**
 * A kubelet's life gone wrong, the same way for the same seed: calls to the runtime and the API are
 * slow, fail, or work and are answered as failures; the process is killed between any two of them
 * and another starts. What must never happen is judged at the runtime, which sees it all.
 */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import { StatusError } from '#api/machinery/status.ts'
import { sleep } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { createClient } from '#client/api-client.ts'
import { createInformers } from '#client/informers.ts'
import type { ApiRequest, Transport } from '#client/transport.ts'
import { type ContainerRuntime, type ContainerStatus, startKubelet } from '#kubelet'
import type { HollowNode } from '../hollow/hollow-node.ts'
import { seededRandom, type TestCluster } from './hollow-cluster.ts'

const UID = 'io.kubernetes.pod.uid'

export interface ChaosOptions {
  readonly seed: number
  /** A bug to plant: a kubelet that starts believes that nothing runs. */
  readonly forgetful?: boolean
}

/** One process: its calls get nowhere once it is dead. */
interface Life {
  dead: boolean
  readonly stop: () => Promise<void>
}

/** Calls that change something; of these, some are done and answered as failures all the same. */
const CHANGING = new Set<PropertyKey>([
  'runPodSandbox',
  'stopPodSandbox',
  'removePodSandbox',
  'createContainer',
  'startContainer',
  'stopContainer',
  'removeContainer',
])
const ASKING = new Set<PropertyKey>([
  'status',
  'listPodSandboxes',
  'podSandboxStatus',
  'listContainers',
  'containerStatus',
  'pullImage',
  'imageStatus',
])
const LONGEST_LATENCY_MS = 3_000

export class KubeletChaos {
  /** What was done, for comparing two runs of one seed. */
  readonly trace: string[] = []
  /** What must not happen and did. */
  readonly violations: string[] = []
  /** Of 100 calls so many go wrong. */
  faultPercent = 15
  readonly random: Random
  readonly #cluster: TestCluster
  readonly #node: HollowNode
  readonly #options: ChaosOptions
  readonly #lives: Life[] = []
  readonly #attempts = new Set<string>()
  #pods = new Map<string, Pod>()

  constructor(cluster: TestCluster, node: HollowNode, options: ChaosOptions) {
    this.#cluster = cluster
    this.#node = node
    this.#options = options
    this.random = seededRandom(options.seed * 7919 + 1)
  }

  start(): void {
    const { clock } = this.#cluster
    const state = { dead: false }
    const client = createClient(this.#transport(state))
    const random = seededRandom(this.random.integer(1_000_000))
    const context = { client, clock, random, log: silentLog }
    const informers = createInformers(client, context)
    const kubelet = startKubelet(
      { ...context, informers },
      {
        nodeName: 'n1',
        ...this.#node,
        relistMs: 5_000,
        runtime: this.#runtime(state),
        rootDirectory: '/var/lib/kubelet',
        nodeAddresses: ['10.1.0.1'],
      },
    )
    const stop = async () => {
      await kubelet.stop()
      informers.stop()
    }
    this.#lives.push(Object.assign(state, { stop }))
    this.#say('start')
  }

  /** As SIGKILL does: whatever it was about to do, it does not. */
  kill(): void {
    const life = this.#lives.at(-1)
    if (!life || life.dead) return
    life.dead = true
    this.#say('kill')
    // Only so that its timers and watches do not stay with us.
    life.stop().catch(() => {})
  }

  async stop(): Promise<void> {
    const life = this.#lives.at(-1)
    if (!life || life.dead) return
    this.#say('stop')
    let over = false
    const stopping = life.stop().finally(() => {
      over = true
    })
    while (!over) await this.#cluster.clock.advance(1_000)
    life.dead = true
    await stopping
  }

  #say(what: string): void {
    this.trace.push(`${this.#cluster.clock.monotonicMs()} ${what}`)
  }

  #violation(what: string): void {
    this.#say(`VIOLATION ${what}`)
    this.violations.push(what)
  }

  #chance(percent: number): boolean {
    return this.random.integer(100) < percent
  }

  #transport(life: { dead: boolean }): Transport {
    return {
      request: async (request: ApiRequest) => {
        await this.#slow(life, 1)
        const fault = this.#chance(request.method === 'GET' ? 3 : this.faultPercent)
        const kind = fault ? this.random.integer(4) : -1
        const what = `${request.method} ${request.path.split('?')[0]}`
        if (kind === 0) throw new Error(`no answer to ${what}`)
        if (kind === 1) throw new StatusError('InternalError', `no luck with ${what}`)
        if (kind === 2 && request.method === 'PUT')
          throw new StatusError('Conflict', `${what} was overtaken`)
        const answer = await this.#cluster.transport.request(request)
        if (life.dead) return never()
        if (kind === 3) throw new Error(`the answer to ${what} was lost`)
        return answer
      },
    }
  }

  #runtime(life: { dead: boolean }): ContainerRuntime {
    const { runtime } = this.#node
    let blind = this.#options.forgetful ? 2 : 0
    return new Proxy(runtime, {
      get: (target, name) => {
        const value = target[name as keyof ContainerRuntime] as unknown
        if (typeof value !== 'function' || (!CHANGING.has(name) && !ASKING.has(name))) return value
        const call = value as (...args: unknown[]) => Promise<unknown>
        return async (...args: unknown[]) => {
          await this.#slow(life, CHANGING.has(name) ? 3 : 1)
          const fault = this.#chance(CHANGING.has(name) ? this.faultPercent : 4)
          const before = this.#chance(50)
          if (fault && before) throw new Error(`${String(name)}: the runtime is busy`)
          if (String(name).startsWith('list') && blind-- > 0) return []
          await this.#judge(name, args)
          const result = await call(...args)
          if (CHANGING.has(name)) this.#say(`${String(name)} ${describe(args[0])}`)
          await this.#slow(life, 1)
          if (fault) throw new Error(`${String(name)}: the runtime's answer was lost`)
          return result
        }
      },
    })
  }

  /** Takes time now and then; a dead process goes no further. */
  async #slow(life: { dead: boolean }, weight: number): Promise<void> {
    if (life.dead) return never()
    if (this.faultPercent > 0 && this.#chance(10 * weight))
      await sleep(this.#cluster.clock, this.random.integer(LONGEST_LATENCY_MS))
    if (life.dead) return never()
  }

  /** Looks at a call just before the runtime carries it out. */
  async #judge(name: PropertyKey, args: readonly unknown[]): Promise<void> {
    if (name === 'runPodSandbox') await this.#judgeSandbox(args[0] as { uid: string })
    if (name === 'createContainer')
      this.#judgeAttempt(args[1] as { name: string; attempt: number; labels: object })
    if (name === 'startContainer') await this.#judgeStart(args[0] as string)
    if (name === 'stopContainer') await this.#judgeStop(args[0] as string)
  }

  async #judgeSandbox({ uid }: { uid: string }): Promise<void> {
    const sandboxes = await this.#node.runtime.listPodSandboxes()
    if (sandboxes.some(sandbox => sandbox.uid === uid && sandbox.ready))
      this.#violation(`pod ${this.#nameOf(uid)} gets a second sandbox`)
  }

  #judgeAttempt(config: { name: string; attempt: number; labels: object }): void {
    const uid = (config.labels as Record<string, string>)[UID] ?? ''
    const key = `${this.#nameOf(uid)}/${config.name}/${config.attempt}`
    if (this.#attempts.has(`${uid}${key}`)) this.#violation(`${key} is made twice`)
    this.#attempts.add(`${uid}${key}`)
  }

  async #judgeStart(id: string): Promise<void> {
    const { runtime } = this.#node
    const container = await runtime.containerStatus(id)
    if (!container) return
    const uid = container.labels[UID] ?? ''
    const others = (await runtime.listContainers()).filter(
      other => other.labels[UID] === uid && other.id !== id,
    )
    const label = `${this.#nameOf(uid)}/${container.name}`
    if (others.some(({ name, state }) => name === container.name && state === 'running'))
      this.#violation(`${label} is started beside one that runs`)
    const pod = this.#pods.get(uid)
    if (pod?.status?.phase === 'Succeeded' || pod?.status?.phase === 'Failed')
      this.#violation(`${label} is started in a pod that is over`)
    const isRegular = pod?.spec?.containers?.some(({ name }) => name === container.name)
    for (const { name, restartPolicy } of pod?.spec?.initContainers ?? [])
      if (isRegular && restartPolicy !== 'Always') {
        const runs = others.filter(other => other.name === name)
        const here = runs.filter(other => other.sandboxId === container.sandboxId)
        const outcomes = await Promise.all(here.map(run => runtime.containerStatus(run.id)))
        if (!outcomes.some(run => run?.state === 'exited' && run.exitCode === 0))
          this.#violation(`${label} is started before ${name} succeeded`)
      }
  }

  /** Nothing here changes an image or fails a probe, so only pods that end may have containers stopped. */
  async #judgeStop(id: string): Promise<void> {
    const container = await this.#node.runtime.containerStatus(id)
    if (container?.state !== 'running') return
    const uid = container.labels[UID] ?? ''
    await this.look()
    const pod = this.#pods.get(uid)
    if (!pod || pod.metadata.deletionTimestamp) return
    const regular = pod.spec?.containers?.some(({ name }) => name === container.name)
    if (regular) this.#violation(`${this.#nameOf(uid)}/${container.name} is stopped for nothing`)
  }

  /** Reads the API's pods and judges what they say. */
  async look(): Promise<void> {
    const { items } = await this.#cluster.client.list(podKind, { namespace: 'default' })
    this.#pods = new Map(items.map(pod => [pod.metadata.uid ?? '', pod]))
    for (const { metadata, status } of items) {
      const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status
      if (ready === 'True' && metadata.name?.startsWith('unready'))
        this.#violation(`${metadata.name} says that it is ready`)
    }
  }

  #nameOf(uid: string): string {
    return this.#pods.get(uid)?.metadata.name ?? uid
  }

  running(): Promise<readonly ContainerStatus[]> {
    const { runtime } = this.#node
    return runtime
      .listContainers()
      .then(all => Promise.all(all.map(({ id }) => runtime.containerStatus(id))))
      .then(all => all.filter(status => status?.state === 'running') as ContainerStatus[])
  }
}

const never = (): Promise<never> => new Promise(() => {})

const describe = (argument: unknown): string =>
  typeof argument === 'string' ? argument.slice(0, 8) : String((argument as { name: string }).name)
