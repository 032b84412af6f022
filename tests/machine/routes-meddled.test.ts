/**
 * The kernel's routes, in a network namespace of their own, while somebody else changes them between the looks of a node: what is ours is as planned
 * again, what is another's stays. `LIVES=100` meddles more.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { KernelRoutes } from '../../src/network/routes/kernel-routes.ts'
import { planRoutes, type Reach, type RoutePlan } from '../../src/network/routes/route-plan.ts'
import { whyNotHere } from './proa-process.ts'

const SEEDS = Number(process.env.LIVES ?? 3)
const STEPS = 12
const CLUSTER = '10.244.0.0/16'
const OWN = { podCidr: '10.244.0.0/24', address: '192.168.50.2' }
const namespace = `proa-meddled-${process.pid}`
const prefix = ['ip', 'netns', 'exec', namespace]

/** Whether it was done: some of it can't be, as taking away what is not there. */
function run(...words: string[]): boolean {
  const [program = '', ...more] = [...prefix, ...words]
  return spawnSync(program, more).status === 0
}

function shown<T>(...words: string[]): T[] {
  const [program = '', ...more] = [...prefix, ...words]
  const { stdout } = spawnSync(program, more, { encoding: 'utf8' })
  return stdout.trim() === '' ? [] : (JSON.parse(stdout) as T[])
}

interface Route {
  readonly dst: string
  readonly gateway?: string
  readonly dev?: string
  readonly protocol?: string
}

function numbersFrom(seed: number): (bound: number) => number {
  let state = seed
  return bound => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % bound
  }
}

class Life {
  readonly #next: (bound: number) => number
  readonly #kernel = new KernelRoutes({ instance: 'meddled', prefix })
  readonly #protocol = () =>
    shown<Route>('ip', '-j', '-N', 'route').find(({ dst }) => dst.startsWith('10.244.'))?.protocol
  #ours = ''

  constructor(seed: number) {
    this.#next = numbersFrom(seed)
  }

  #plan(): RoutePlan {
    const peers = Array.from({ length: 5 }, (_, at) => ({
      nodeName: `n${at}`,
      podCidr: `10.244.${at + 1}.0/24`,
      address: `192.168.${this.#next(2) ? 50 : 70}.${10 + at + 10 * this.#next(2)}`,
    })).filter(() => this.#next(4) > 0)
    const reach = new Map(
      peers.map(({ address }): [string, Reach] => [
        address,
        { device: 'eth0', isNeighbour: address.startsWith('192.168.50.') },
      ]),
    )
    return planRoutes({
      ...{ own: OWN, peers, reach, mode: 'auto', clusterCidr: CLUSTER },
      tunnelDevice: this.#kernel.tunnelDevice,
    })
  }

  /** Somebody does something that nobody asked for. */
  #meddle(): void {
    const range = `10.244.${1 + this.#next(5)}.0/24`
    const device = this.#kernel.tunnelDevice
    const mac = `02:50:0a:f4:0${1 + this.#next(5)}:00`
    const choices: (() => unknown)[] = [
      () => run('ip', 'route', 'delete', range),
      () => run('ip', 'route', 'replace', range, 'via', '192.168.50.99', 'dev', 'eth0'),
      () => run('ip', 'route', 'add', range, 'via', '192.168.50.98', 'metric', '50'),
      () => run('ip', 'route', 'delete', range, 'via', '192.168.50.98', 'metric', '50'),
      () => run('ip', 'link', 'delete', device),
      () => run('ip', 'link', 'set', device, 'down'),
      () => run('ip', 'link', 'set', device, 'mtu', '1280'),
      () => run('ip', 'link', 'set', device, 'address', '02:00:00:00:00:01'),
      () => run('ip', 'address', 'flush', 'dev', device),
      () => run('ip', 'neigh', 'flush', 'dev', device),
      () => run('bridge', 'fdb', 'delete', mac, 'dev', device),
      () => run('bridge', 'fdb', 'append', mac, 'dev', device, 'dst', '192.168.70.250'),
      () => run('ip', 'link', 'set', 'eth0', 'down') && run('ip', 'link', 'set', 'eth0', 'up'),
    ]
    choices[this.#next(choices.length)]?.()
  }

  async live(): Promise<void> {
    run('ip', 'route', 'flush', 'root', CLUSTER)
    while (this.#ours === '') {
      await this.#kernel.apply(this.#plan())
      this.#ours = this.#protocol() ?? ''
    }
    // Of another Proa that has the same number by chance.
    run('ip', 'route', 'replace', '10.99.1.0/24', 'dev', 'eth0', 'proto', this.#ours)
    for (let step = 0; step < STEPS; step++) {
      for (let times = this.#next(4); times > 0; times--) this.#meddle()
      run('ip', 'route', 'replace', '10.99.1.0/24', 'dev', 'eth0', 'proto', this.#ours)
      const plan = this.#plan()
      const left = await this.#kernel.apply(plan)
      this.#check(plan, left)
    }
    await this.#kernel.remove()
    assert.equal(run('ip', 'link', 'show', this.#kernel.tunnelDevice), false)
  }

  #check({ direct, tunnel }: RoutePlan, left: readonly string[]): void {
    const there = shown<Route>('ip', '-j', '-N', 'route')
    const isOurs = ({ protocol }: Route) => protocol === this.#ours
    const ours = there.filter(route => isOurs(route) && route.dst.startsWith('10.244.'))
    const foreign = there.filter(route => !isOurs(route)).map(({ dst }) => dst)
    const wanted = [...direct, ...(tunnel?.ends ?? [])]
    assert.deepEqual(
      [...left].toSorted(),
      wanted
        .map(({ podCidr }) => podCidr)
        .filter(podCidr => foreign.includes(podCidr))
        .toSorted(),
    )
    assert.deepEqual(
      ours.map(({ dst, gateway, dev }) => `${dst} ${gateway} ${dev}`).toSorted(),
      wanted
        .filter(({ podCidr }) => !foreign.includes(podCidr))
        .map(({ podCidr, gateway, device }) => `${podCidr} ${gateway} ${device}`)
        .toSorted(),
    )
    assert.ok(
      there.some(({ dst }) => dst === '10.99.1.0/24'),
      'another Proa has its own',
    )
    this.#checkTunnel(tunnel)
  }

  #checkTunnel(tunnel: RoutePlan['tunnel']): void {
    const device = this.#kernel.tunnelDevice
    const [link] = shown<{ mtu: number; flags: string[]; address: string }>(
      ...['ip', '-j', 'link', 'show', device],
    )
    assert.equal(link !== undefined, tunnel !== undefined)
    if (!tunnel || !link) return
    assert.deepEqual([link.mtu, link.flags.includes('UP'), link.address], [1450, true, tunnel.mac])
    const ends = shown<{ mac: string; dst?: string }>('bridge', '-j', 'fdb', 'show', 'dev', device)
    assert.deepEqual(
      ends.flatMap(({ mac, dst }) => (dst === undefined ? [] : [`${mac} ${dst}`])).toSorted(),
      tunnel.ends.map(({ mac, address }) => `${mac} ${address}`).toSorted(),
    )
    const neighbours = shown<{ dst: string; lladdr: string }>(
      'ip',
      '-j',
      'neigh',
      'show',
      'dev',
      device,
    )
    for (const { gateway, mac } of tunnel.ends)
      assert.ok(neighbours.some(({ dst, lladdr }) => dst === gateway && lladdr === mac))
    const [addressed] = shown<{ addr_info: { local: string }[] }>(
      ...['ip', '-j', '-4', 'address', 'show', 'dev', device],
    )
    assert.ok(addressed?.addr_info.some(({ local }) => local === tunnel.source))
  }
}

const reason = whyNotHere()
if (reason) console.log(`# skipped: ${reason}`)

describe('routes', { skip: reason !== undefined }, () => {
  before(() => {
    assert.equal(spawnSync('ip', ['netns', 'add', namespace]).status, 0)
    assert.ok(run('ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'far'))
    assert.ok(run('ip', 'link', 'set', 'far', 'up'))
    assert.ok(run('ip', 'address', 'add', `${OWN.address}/24`, 'dev', 'eth0'))
    assert.ok(run('ip', 'link', 'set', 'eth0', 'up'))
  })
  after(() => spawnSync('ip', ['netns', 'delete', namespace]))

  test('whatever somebody changes: what is ours is as planned, and what is another’s stays', async () => {
    for (let seed = 1; seed <= SEEDS; seed++)
      try {
        await new Life(seed).live()
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error })
      }
  })
})
