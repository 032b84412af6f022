/**
 * Lives of a node's devices: pods come and go, the plugin refuses, hangs, dies, talks garbage and registers twice, and the kubelet is killed at any
 * moment. `LIVES=500` lives more of them.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFigureBook } from '#base/figures.ts'
import { silentLog } from '#base/log.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { createMemoryFiles } from '../../simulation/hollow/memory-files.ts'
import { rest } from '../../simulation/testing/hollow-cluster.ts'
import { GrpcError, type GrpcStreamSink, grpcCode } from '../cri/grpc.ts'
import { numbersFrom } from '../division/testing/machines.ts'
import type { Files } from '../host-access.ts'
import type { KubeletContext } from '../options.ts'
import { containersOf, type Pod, uidOf } from '../pod-types.ts'
import { createMemorySockets } from '../testing/memory-sockets.ts'
import { DevicePlugins } from './device-plugins.ts'
import * as messages from './messages.ts'

const SEEDS = Number(process.env.LIVES ?? 40)
const STEPS = 40
const RESOURCE = 'example.com/gpu'
const ROOT = '/var/lib/kubelet'
const SERVICE = '/v1beta1.DevicePlugin'
const DEVICES = ['a', 'b', 'c', 'd', 'e']

class Life {
  readonly #next: (bound: number) => number
  readonly #clock = createManualClock()
  readonly #disk = createMemoryFiles()
  readonly #net = createMemorySockets()
  readonly #sinks = new Set<GrpcStreamSink>()
  readonly #hanging: (() => void)[] = []
  readonly #sick = new Set<string>()
  /** What each container of a pod that was admitted has, by pod and name. */
  readonly #living = new Map<string, { readonly pod: Pod; readonly has: Record<string, string> }>()
  readonly #coming = new Map<string, Pod>()
  #plugins!: DevicePlugins
  #die = () => {}
  #mood: 'good' | 'refusing' | 'hanging' | 'garbage' = 'good'
  #pods = 0
  #writes = 0
  #failure: unknown

  constructor(seed: number) {
    this.#next = numbersFrom(seed)
  }

  #oneOf<T>(choices: readonly T[]): T {
    return choices[this.#next(choices.length)] as T
  }

  async start(): Promise<void> {
    let isDead = false
    this.#die = () => {
      isDead = true
    }
    // Of a process that was killed nothing reaches the disk.
    const files = new Proxy(this.#disk as Files, {
      get: (target, name) => {
        const call = target[name as keyof Files] as (...words: unknown[]) => Promise<unknown>
        if (name === 'write') this.#writes++
        return (...words: unknown[]) => (isDead ? new Promise(() => {}) : call.apply(target, words))
      },
    })
    await this.#disk.makeDirectory(ROOT)
    const options = { rootDirectory: ROOT, hostAccess: { files }, figures: createFigureBook() }
    const context = { clock: this.#clock, log: silentLog, options } as unknown as KubeletContext
    const sockets = this.#net.sockets
    const quiet = { changed: () => {}, affected: () => {} }
    this.#plugins = new DevicePlugins({ context, sockets, ...quiet })
    await this.#plugins.start()
  }

  /** The plugin comes, or comes again. */
  async register(): Promise<void> {
    this.#net.put(`${ROOT}/device-plugins/gpu.sock`, {
      methods: {
        [`${SERVICE}/GetDevicePluginOptions`]: async () => messages.pluginOptions.encode({}),
        [`${SERVICE}/Allocate`]: bytes => this.#allocate(bytes),
      },
      streams: {
        [`${SERVICE}/ListAndWatch`]: sink => {
          this.#sinks.add(sink)
          queueMicrotask(() => this.#tell())
          return () => this.#sinks.delete(sink)
        },
      },
    })
    const request = { version: 'v1beta1', endpoint: 'gpu.sock', resourceName: RESOURCE }
    await this.#net.ask(
      `${ROOT}/device-plugins/kubelet.sock`,
      '/v1beta1.Registration/Register',
      messages.registerRequest.encode(request),
    )
    await rest()
  }

  #tell(): void {
    const devices = DEVICES.map(id => ({
      id,
      health: this.#sick.has(id) ? 'Unhealthy' : 'Healthy',
    }))
    for (const sink of [...this.#sinks])
      sink.next(messages.listAndWatchResponse.encode({ devices }))
  }

  async #allocate(bytes: Uint8Array): Promise<Uint8Array> {
    const mood = this.#mood
    if (mood === 'hanging') await new Promise<void>(resolve => this.#hanging.push(resolve))
    if (mood === 'refusing') throw new GrpcError(grpcCode.internal, 'broken')
    if (mood === 'garbage') return new Uint8Array([0x0a, 0xff])
    const [request] = messages.allocateRequest.decode(bytes).containerRequests
    const envs = { GPUS: (request?.devicesIds ?? []).toSorted().join() }
    return messages.allocateResponse.encode({
      containerResponses: [{ envs, mounts: [], devices: [], annotations: {}, cdiDevices: [] }],
    })
  }

  async live(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      const choice = this.#next(12)
      if (choice < 4) this.#come()
      else if (choice < 6) this.#go()
      else if (choice === 6) this.#mood = this.#oneOf(['good', 'refusing', 'hanging', 'garbage'])
      else if (choice === 7) this.#letGo()
      else if (choice === 8) this.#sicken()
      else if (choice === 9) await this.register()
      else if (choice === 10) this.#gone()
      else await this.#kill()
      await rest()
      await this.#check()
    }
    await this.#end()
  }

  #come(): void {
    const wants = (name: string, more: object = {}) => ({
      ...{ name, resources: { limits: { [RESOURCE]: String(1 + this.#next(2)) } } },
      ...more,
    })
    const uid = `p${this.#pods++}`
    const initContainers = this.#next(3) === 0 ? [wants('init')] : []
    const spec = {
      initContainers,
      containers: [wants('c'), ...(this.#next(3) ? [] : [wants('d')])],
    }
    this.#admit({ metadata: { name: uid, uid, namespace: 'default' }, spec } as unknown as Pod)
  }

  #admit(pod: Pod): void {
    const plugins = this.#plugins
    const uid = uidOf(pod)
    this.#coming.set(uid, pod)
    const admitted = async () => {
      const failure = await plugins.admit(pod)
      // A kubelet that was killed admits nobody.
      if (plugins !== this.#plugins || !this.#coming.delete(uid)) return
      if (failure) return plugins.release(uid)
      const has: Record<string, string> = {}
      for (const { container } of containersOf(pod))
        has[container.name] = await this.#given(pod, container.name)
      this.#living.set(uid, { pod, has })
    }
    admitted().catch(error => {
      this.#failure = error
    })
  }

  /** What a container would start with. */
  async #given(pod: Pod, name: string): Promise<string> {
    const found = containersOf(pod).find(({ container }) => container.name === name)
    assert.ok(found)
    const { env } = await this.#plugins.prepare(pod, found.container)
    return env.find(each => each.name === 'GPUS')?.value ?? ''
  }

  #go(): void {
    const uids = [...this.#living.keys()]
    if (uids.length === 0) return
    const uid = this.#oneOf(uids)
    this.#living.delete(uid)
    this.#plugins.release(uid)
  }

  #letGo(): void {
    for (const go of this.#hanging.splice(0)) go()
  }

  #sicken(): void {
    const id = this.#oneOf(DEVICES)
    if (!this.#sick.delete(id)) this.#sick.add(id)
    this.#tell()
  }

  #gone(): void {
    this.#net.put(`${ROOT}/device-plugins/gpu.sock`, undefined)
    for (const sink of [...this.#sinks]) sink.end(new GrpcError(grpcCode.unavailable, 'gone'))
    this.#sinks.clear()
  }

  /** A pod that was not admitted yet comes again to the next kubelet; what ran runs on. */
  async #kill(): Promise<void> {
    this.#die()
    this.#sinks.clear()
    const coming = [...this.#coming.values()]
    this.#coming.clear()
    await this.start()
    const known = new Set([...this.#living.keys(), ...coming.map(uidOf)])
    this.#plugins.keepOnly(uid => known.has(uid))
    await this.register()
    for (const pod of coming) this.#admit(pod)
  }

  async #check(): Promise<void> {
    if (this.#failure) throw this.#failure
    const owners = new Map<string, string>()
    for (const [uid, { pod, has }] of this.#living)
      for (const { container } of containersOf(pod)) {
        const wanted = Number(container.resources?.limits?.[RESOURCE])
        const ids = (has[container.name] ?? '').split(',').filter(id => id !== '')
        assert.equal(ids.length, wanted, `${uid} starts with what it asked for`)
        assert.equal(await this.#given(pod, container.name), has[container.name], 'it keeps them')
        for (const id of ids) {
          assert.equal(owners.get(id) ?? uid, uid, `${id} has one owner`)
          owners.set(id, uid)
        }
      }
  }

  /** Of a container that runs nothing is known any more, since the file is gone, and the plugin is out of order at first. */
  async forget(): Promise<void> {
    const spec = { containers: [{ name: 'c', resources: { limits: { [RESOURCE]: '2' } } }] }
    const pod = { metadata: { name: 'p', uid: 'p' }, spec } as unknown as Pod
    this.#mood = 'refusing'
    for (let again = 0; again < 2; again++)
      await assert.rejects(this.#given(pod, 'c'), { message: 'broken' })
    this.#mood = 'good'
    assert.equal(await this.#given(pod, 'c'), 'a,b')
    await this.#plugins.stop()
  }

  /** A plugin that never stops telling costs no more than one that does. */
  async flood(): Promise<void> {
    for (let again = 0; again < 1_000; again++) this.#tell()
    await rest()
    assert.ok(this.#writes < 10, `${this.#writes} writes`)
    await this.#plugins.stop()
  }

  /** When all is well again and all pods have gone, all devices can be had. */
  async #end(): Promise<void> {
    this.#mood = 'good'
    this.#letGo()
    await this.register()
    await rest()
    for (const uid of this.#living.keys()) this.#plugins.release(uid)
    this.#living.clear()
    this.#sick.clear()
    this.#tell()
    const limits = { [RESOURCE]: String(DEVICES.length) }
    const spec = { containers: [{ name: 'all', resources: { limits } }] }
    const pod = { metadata: { name: 'all', uid: 'all' }, spec } as unknown as Pod
    assert.deepEqual(await this.#plugins.admit(pod), undefined)
    assert.equal(await this.#given(pod, 'all'), DEVICES.join())
    if (this.#failure) throw this.#failure
    await this.#plugins.stop()
  }
}

test('whatever plugin and kubelet do: a device has one owner, who starts with it, and all come back', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const life = new Life(seed)
    try {
      await life.start()
      await life.register()
      await life.live()
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  }
})

for (const [what, live] of [
  [
    'a container of which nothing is known any more starts only with what its plugin gives',
    'forget',
  ],
  ['a plugin that tells without end is written down a few times', 'flood'],
] as const)
  test(what, async () => {
    const life = new Life(1)
    await life.start()
    await life.register()
    await life[live]()
  })
