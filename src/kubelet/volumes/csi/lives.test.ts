/**
 * Lives of a node's CSI volumes: pods come and go, the driver fails before and after it did what it was asked for, hangs and goes away, and the kubelet
 * is killed at every step. What the driver believes is the judge. `LIVES=500` lives more of them.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Clock } from '#base/clock.ts'
import { createFigureBook } from '#base/figures.ts'
import { silentLog } from '#base/log.ts'
import type { Client } from '#client/client.ts'
import type { Informers } from '#client/informer.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { numbersFrom } from '../../division/testing/machines.ts'
import type { Files } from '../../host-access.ts'
import { storageOperations } from '../storage-figures.ts'
import { CsiError } from './csi-error.ts'
import { claimedMount } from './csi-mount.ts'
import { CsiVolumes } from './csi-volumes.ts'
import type { CsiDriver } from './drivers.ts'
import type { CsiNodeService } from './node-service.ts'
import { ALL, claimedOf, countedFiles, named, podOf, rest } from './testing/volume-world.ts'

const SEEDS = Number(process.env.LIVES ?? 40)
const STEPS = 30
const VOLUMES = ['v1', 'v2']
const PODS = 3
/** As the client of drivers gives a call up. */
const TIMEOUT_MS = 120_000

/** Before or after it was done; a call that hangs is given up by its caller. */
type Fault = 'none' | 'before' | 'after' | 'hang'

/** What a driver has mounted; asked to do what it cannot do rightly, it says so to the test. */
class Driver {
  readonly staged = new Map<string, string>()
  /** By target path, the volume. */
  readonly published = new Map<string, string>()
  readonly mistakes: string[] = []
  readonly #fault: () => Fault
  readonly #clock: Clock

  constructor(fault: () => Fault, clock: Clock) {
    this.#fault = fault
    this.#clock = clock
  }

  readonly service = {
    stage: async ({ volumeId, stagingTargetPath }: Asked) =>
      this.#do(() => {
        const at = this.staged.get(volumeId)
        if (at !== undefined && at !== stagingTargetPath) this.#wrong(`${volumeId} staged twice`)
        this.staged.set(volumeId, stagingTargetPath)
      }),
    publish: async ({ volumeId, targetPath, stagingTargetPath }: Asked) =>
      this.#do(() => {
        if (this.staged.get(volumeId) !== stagingTargetPath)
          this.#wrong(`${volumeId} published before it was staged`)
        this.published.set(targetPath, volumeId)
      }),
    unpublish: async ({ targetPath }: Asked) =>
      this.#do(() => void this.published.delete(targetPath)),
    unstage: async ({ volumeId }: Asked) =>
      this.#do(() => {
        if ([...this.published.values()].includes(volumeId))
          this.#wrong(`${volumeId} unstaged while a pod has it`)
        this.staged.delete(volumeId)
      }),
    close() {},
  }

  #wrong(mistake: string): void {
    this.mistakes.push(mistake)
  }

  async #do(work: () => void): Promise<number> {
    await null
    const fault = this.#fault()
    if (fault === 'before') throw new CsiError('Internal', 'no')
    work()
    if (fault === 'hang')
      await new Promise<void>(resolve => void this.#clock.after(TIMEOUT_MS, resolve))
    if (fault !== 'none') throw new CsiError('DeadlineExceeded', 'too slow')
    return 0
  }

  /** The kernel's word: nothing is removed below which something is mounted. */
  guard(path: string): void {
    for (const mount of [...this.published.keys(), ...this.staged.values()])
      if (mount === path || mount.startsWith(`${path}/`))
        throw new Error(`${path} is not removed: ${mount} is still mounted below it`)
  }
}

interface Asked {
  readonly volumeId: string
  readonly stagingTargetPath: string
  readonly targetPath: string
}

class Life {
  readonly #root: string
  readonly #next: (bound: number) => number
  readonly #clock = createManualClock()
  readonly #driver: Driver
  /** Volumes that pods want, by UID. */
  readonly #wanted = new Map<string, Set<string>>()
  readonly #ending = new Set<string>()
  /** What is under way for a pod, whose worker does one thing after the other. */
  readonly #busy = new Map<string, Promise<unknown>>()
  #pods = 0
  #isThere = true
  #faults = 0
  #volumes!: CsiVolumes
  #generation = 0
  /** How many more of its steps the kubelet lives. */
  #stepsLeft = Number.POSITIVE_INFINITY
  #isBlock: boolean

  constructor(root: string, seed: number) {
    this.#root = root
    this.#next = numbersFrom(seed)
    this.#isBlock = seed % 3 === 0
    this.#driver = new Driver(() => {
      if (this.#faults === 0 || this.#next(100) >= this.#faults) return 'none'
      return (['before', 'after', 'hang'] as const)[this.#next(3)] ?? 'none'
    }, this.#clock)
  }

  /** A new kubelet; nothing that the one before it still does has any effect. */
  async #start(): Promise<void> {
    const generation = ++this.#generation
    this.#busy.clear()
    this.#stepsLeft = Number.POSITIVE_INFINITY
    const isDead = () => {
      if (generation === this.#generation && this.#stepsLeft > 0) {
        this.#stepsLeft--
        return false
      }
      return true
    }
    const files = new Proxy(countedFiles as Files, {
      get: (target, name) => {
        const call = target[name as keyof Files] as (...words: unknown[]) => Promise<unknown>
        return async (...words: unknown[]) => {
          if (isDead()) return new Promise(() => {})
          if (name === 'removeTree') this.#driver.guard(String(words[0]))
          return call.apply(target, words)
        }
      },
    })
    const service = Object.fromEntries(
      Object.entries(this.#driver.service).map(([name, call]) => [
        name,
        (request: Asked) => (isDead() ? new Promise(() => {}) : call(request as never)),
      ]),
    ) as unknown as CsiNodeService
    const driver: CsiDriver = {
      name: 'd',
      endpoint: '/s',
      socketPath: '/r',
      service,
      capabilities: ALL,
    }
    const spec = { attachRequired: false }
    this.#volumes = new CsiVolumes({
      client: {} as Client,
      informers: {
        for: () => ({ synced: Promise.resolve(), get: () => ({ spec }) }),
      } as unknown as Informers,
      ...{ clock: this.#clock, log: silentLog, files, rootDirectory: this.#root, nodeName: 'n' },
      toDriver: path => path,
      node: () => undefined,
      hurry: () => {},
      drivers: {
        get: () => {
          if (!this.#isThere) throw new Error('driver name d not found')
          return driver
        },
      },
      tokens: { get: () => assert.fail() },
      operations: storageOperations(createFigureBook(), this.#clock),
      tell: () => {},
    })
    await this.#volumes.recover()
  }

  async live(): Promise<void> {
    await this.#start()
    this.#faults = 25
    for (let step = 0; step < STEPS; step++) {
      const choice = this.#next(14)
      if (choice < 5) await this.#come()
      else if (choice < 8) await this.#go()
      else if (choice === 8) this.#isThere = !this.#isThere
      else if (choice === 9) await this.#clock.advance(TIMEOUT_MS)
      else if (choice < 12) await this.#kill()
      else await this.#pass()
      for (const uid of [...this.#ending]) await this.#endPod(uid)
      await rest()
      assert.deepEqual(this.#driver.mistakes, [])
    }
    await this.#end()
  }

  #mountOf(uid: string, volume: string) {
    const claimed = claimedOf({
      csi: { driver: 'd', volumeHandle: volume },
      ...(this.#isBlock ? { volumeMode: 'Block' } : {}),
    })
    const own = { ...claimed.volume, metadata: { name: `pv-${volume}` } }
    return claimedMount(podOf(uid), named, { ...claimed, volume: own }, this.#root)
  }

  /** A new pod, or one that is there and could not have all its volumes yet. */
  async #come(): Promise<void> {
    const uids = [...this.#wanted.keys()]
    const isNew = uids.length < PODS && this.#next(2) === 0
    const uid = isNew ? `p${this.#pods++}` : uids[this.#next(uids.length)]
    if (uid === undefined) return
    if (isNew) this.#wanted.set(uid, new Set(VOLUMES.slice(this.#next(2), 1 + this.#next(2))))
    await this.#mountAll(uid)
  }

  /** As a pod's worker does it: one after the other, until one fails or hangs. */
  async #mountAll(uid: string): Promise<boolean> {
    for (const volume of this.#wanted.get(uid) ?? []) {
      const mount = () => this.#volumes.mount(this.#mountOf(uid, volume), () => {})
      if (!(await this.#inTurn(uid, mount))) return false
    }
    return true
  }

  async #go(): Promise<void> {
    const uids = [...this.#wanted.keys()]
    const uid = uids[this.#next(uids.length)]
    if (uid === undefined) return
    this.#wanted.delete(uid)
    this.#ending.add(uid)
    await this.#endPod(uid)
  }

  /** One pod comes while another goes. */
  async #pass(): Promise<void> {
    const going = this.#go()
    for (let turns = this.#next(8); turns > 0; turns--)
      await new Promise(resolve => setImmediate(resolve))
    await Promise.all([going, this.#come()])
  }

  async #endPod(uid: string): Promise<void> {
    if (await this.#inTurn(uid, () => this.#volumes.unmountPod(uid))) this.#ending.delete(uid)
  }

  /** False where it fails, hangs, or has to wait for what hangs. */
  async #inTurn(uid: string, work: () => Promise<unknown>): Promise<boolean> {
    if (this.#busy.has(uid)) return false
    const busy = this.#busy
    const done = work().then(
      () => true,
      () => false,
    )
    busy.set(uid, done)
    void done.then(() => busy.get(uid) === done && busy.delete(uid))
    return Promise.race([done, rest().then(() => false)])
  }

  /** In the middle of what it does next. */
  async #kill(): Promise<void> {
    this.#stepsLeft = this.#next(12)
    await (this.#next(2) ? this.#come() : this.#go())
    await this.#startAnew()
  }

  async #startAnew(): Promise<void> {
    await this.#start()
    for (const uid of this.#wanted.keys()) await this.#mountAll(uid)
    for (const uid of [...this.#ending]) await this.#endPod(uid)
    this.#volumes.settle()
  }

  /** When all is well again, pods get what they want; and when they have gone nothing is left. */
  async #end(): Promise<void> {
    this.#faults = 0
    this.#isThere = true
    await this.#startAnew()
    for (const uid of this.#wanted.keys()) assert.ok(await this.#mountAll(uid), `${uid} mounts`)
    const has = [...this.#driver.published.values()].toSorted()
    const wanted = [...this.#wanted.values()].flatMap(each => [...each]).toSorted()
    assert.deepEqual(has, wanted)
    for (const uid of this.#wanted.keys()) await this.#volumes.unmountPod(uid)
    await rest()
    await this.#clock.advance(600_000)
    await rest()
    assert.deepEqual(this.#driver.mistakes, [])
    assert.deepEqual([...this.#driver.published], [])
    assert.deepEqual([...this.#driver.staged], [])
    const left = readdirSync(this.#root, { recursive: true, encoding: 'utf8' })
    // But for directories that were empty when the kubelet was killed.
    assert.deepEqual(
      left.filter(name => /vol_data.json$|globalmount|mount$/.test(name)),
      [],
    )
    this.#volumes.stop()
  }
}

test('whatever driver and kubelet do: nothing is unstaged that a pod has, and all is taken back', async (t: TestContext) => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const root = mkdtempSync(join(tmpdir(), 'proa-csi-lives-'))
    t.after(() => rmSync(root, { recursive: true, force: true }))
    try {
      await new Life(root, seed).live()
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  }
})
