/** Three machines in network namespaces, two of them on one wire and the third behind a router that knows nothing of pods: their pods meet, with addresses of either family. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import type { Node } from '../../src/api/core/v1/node.ts'
import type { RoleContext } from '../../src/client/role.ts'
import { removePodRoutes, startPodRoutes } from '../../src/network/routes/pod-routes.ts'
import { eventually, whyNotHere } from './proa-process.ts'

type Name = 'a' | 'b' | 'c'
const NAMES: readonly Name[] = ['a', 'b', 'c']
/** Not so often that it would pass for what follows a change of nodes at once. */
const LOOK_EVERY_MS = 3_000
/** Of a machine; that of its pods' range, too. */
const numberOf = (name: Name) => NAMES.indexOf(name)

/** The same wires with addresses of either family. */
interface Family {
  readonly of: 4 | 6
  readonly machines: Readonly<Record<Name, string>>
  /** Of the router, on the wire of two machines and on the third's. */
  readonly routers: readonly [near: string, far: string]
  /** Of a network of machines, and of one address. */
  readonly lengths: readonly [network: number, host: number]
  readonly forwarding: string
  readonly clusterCidr: string
  readonly tunnel: string
  range(at: number): string
  pod(at: number): string
  gateway(at: number): string
  /** Where packets go that pass the tunnel. */
  tunnelEnd(at: number): string
  /** That of another cluster, and a machine that is not there. */
  readonly foreign: string
  readonly nobody: string
}

const IPV4: Family = {
  of: 4,
  machines: { a: '192.168.50.2', b: '192.168.60.2', c: '192.168.50.3' },
  routers: ['192.168.50.1', '192.168.60.1'],
  lengths: [24, 32],
  forwarding: 'net.ipv4.ip_forward=1',
  clusterCidr: '10.244.0.0/16',
  tunnel: 'vx-proa-test',
  range: at => `10.244.${at}.0/24`,
  pod: at => `10.244.${at}.5`,
  gateway: at => `10.244.${at}.1`,
  tunnelEnd: at => `10.244.${at}.0`,
  foreign: '10.99.0.0/24',
  nobody: '192.168.50.9',
}

const IPV6: Family = {
  of: 6,
  machines: { a: '2001:db8:50::2', b: '2001:db8:60::2', c: '2001:db8:50::3' },
  routers: ['2001:db8:50::1', '2001:db8:60::1'],
  lengths: [64, 128],
  forwarding: 'net.ipv6.conf.all.forwarding=1',
  clusterCidr: 'fd00:10:244:100::/56',
  tunnel: 'v6-proa-test',
  range: at => `fd00:10:244:10${at}::/64`,
  pod: at => `fd00:10:244:10${at}::5`,
  gateway: at => `fd00:10:244:10${at}::1`,
  tunnelEnd: at => `fd00:10:244:10${at}::`,
  foreign: 'fd00:10:99::/64',
  nobody: '2001:db8:50::9',
}

for (const family of [IPV4, IPV6]) suite(family)

function suite(family: Family) {
  const prefix = `proa-routes-${process.pid}-${family.of}`
  const { machines, clusterCidr, tunnel } = family
  const [networkLength, hostLength] = family.lengths
  const inside = (name: string) => ['ip', 'netns', 'exec', `${prefix}-${name}`] as const

  function run(name: string, ...words: string[]): string {
    const [program, ...first] = inside(name)
    const { status, stdout, stderr } = spawnSync(program, [...first, ...words], {
      encoding: 'utf8',
    })
    assert.equal(status, 0, `${name}: ${words.join(' ')}: ${stderr}`)
    return stdout
  }

  const ip = (name: string, ...words: string[]) => run(name, 'ip', `-${family.of}`, ...words)
  /** At once: an address of IPv6 is else asked about for a while. */
  const addAddress = (name: string, address: string, length: number, device: string) => {
    const atOnce = family.of === 6 ? ['nodad'] : []
    ip(name, 'address', 'add', `${address}/${length}`, 'dev', device, ...atOnce)
  }
  const podAddress = (name: Name) => family.pod(numberOf(name))
  const rangeOf = (name: Name) => family.range(numberOf(name))

  function layWires(): void {
    for (const name of ['router', ...NAMES, ...NAMES.map(name => `pod-${name}`)])
      assert.equal(spawnSync('ip', ['netns', 'add', `${prefix}-${name}`]).status, 0)
    ip('router', 'link', 'add', 'wire', 'type', 'bridge')
    addAddress('router', family.routers[0], networkLength, 'wire')
    ip('router', 'link', 'set', 'wire', 'up')
    for (const name of NAMES) {
      const far = `to-${name}`
      const peer = ['peer', 'name', 'eth0', 'netns', `${prefix}-${name}`]
      ip('router', 'link', 'add', far, 'type', 'veth', ...peer)
      if (name === 'b') addAddress('router', family.routers[1], networkLength, far)
      else ip('router', 'link', 'set', far, 'master', 'wire')
      ip('router', 'link', 'set', far, 'up')
      addAddress(name, machines[name], networkLength, 'eth0')
      for (const link of ['lo', 'eth0']) ip(name, 'link', 'set', link, 'up')
      const router = family.routers[name === 'b' ? 1 : 0]
      ip(name, 'route', 'add', 'default', 'via', router)
      run(name, 'sysctl', '-qw', family.forwarding)
      addPod(name)
    }
    run('router', 'sysctl', '-qw', family.forwarding)
  }

  /** As the CNI plugin ptp does it: a link of its own, and a route to it. */
  function addPod(name: Name): void {
    const [pod, address, gateway] = [
      `pod-${name}`,
      podAddress(name),
      family.gateway(numberOf(name)),
    ]
    const peer = ['peer', 'name', 'eth0', 'netns', `${prefix}-${pod}`]
    ip(name, 'link', 'add', 'pod', 'type', 'veth', ...peer)
    addAddress(name, gateway, hostLength, 'pod')
    ip(name, 'link', 'set', 'pod', 'up')
    ip(name, 'route', 'add', address, 'dev', 'pod')
    addAddress(pod, address, hostLength, 'eth0')
    ip(pod, 'link', 'set', 'eth0', 'up')
    ip(pod, 'route', 'add', gateway, 'dev', 'eth0')
    ip(pod, 'route', 'add', 'default', 'via', gateway)
  }

  /** Of a node with both families, the other of which has neither range nor address here. */
  const nodeOf = (name: Name, address: string = machines[name]) =>
    ({
      metadata: { name, creationTimestamp: `2026-01-0${numberOf(name) + 1}T00:00:00Z` },
      spec: { podCIDR: rangeOf(name), podCIDRs: [rangeOf(name)] },
      status: { addresses: [{ type: 'InternalIP', address }] },
    }) as unknown as Node

  /** The nodes that all machines see, changed by the test. */
  class Nodes {
    readonly #nodes = new Map<string, Node>(NAMES.map(name => [name, nodeOf(name)]))
    readonly #listeners = new Set<{
      changed(node: Node, before?: Node): void
      deleted(): void
    }>()

    readonly errors: unknown[] = []
    readonly context = {
      clock: systemClock,
      log: {
        ...silentLog,
        error: (...told: unknown[]) => this.errors.push(told),
        with: () => this.context.log,
      },
      informers: {
        for: () => ({
          get: (name: string) => this.#nodes.get(name),
          list: () => [...this.#nodes.values()],
          subscribe: (listener: never) => {
            this.#listeners.add(listener)
            for (const node of this.#nodes.values())
              (listener as { changed(node: Node): void }).changed(node)
            return () => this.#listeners.delete(listener)
          },
        }),
      },
    } as unknown as RoleContext

    put(name: Name, node: Node): void {
      const before = this.#nodes.get(name)
      this.#nodes.set(name, node)
      for (const listener of this.#listeners) listener.changed(node, before)
    }

    remove(name: Name): void {
      this.#nodes.delete(name)
      for (const listener of this.#listeners) listener.deleted()
    }
  }

  const reaches = (from: Name, to: Name) => {
    const words = [
      ...inside(`pod-${from}`),
      'busybox',
      'ping',
      '-c',
      '1',
      '-W',
      '1',
      podAddress(to),
    ]
    return spawnSync(words[0] ?? '', words.slice(1)).status === 0
  }

  describe(`routes of IPv${family.of} between the pods of machines`, { skip: whyNotHere() }, () => {
    const nodes = new Nodes()
    let running: { stop(): Promise<void> }[] = []
    const startAll = () => {
      running = NAMES.map(nodeName =>
        startPodRoutes(nodes.context, {
          ...{ nodeName, instance: 'proa-test', clusterCidr, mode: 'auto' },
          prefix: inside(nodeName),
          lookEveryMs: LOOK_EVERY_MS,
        }),
      )
    }
    const stopAll = () => Promise.all(running.map(each => each.stop()))

    before(() => {
      layWires()
      startAll()
    })
    after(async () => {
      await stopAll()
      for (const name of ['router', ...NAMES, ...NAMES.map(name => `pod-${name}`)])
        spawnSync('ip', ['netns', 'delete', `${prefix}-${name}`])
    })

    test('all pods reach all others, neighbours without a tunnel', async () => {
      for (const from of NAMES)
        for (const to of NAMES.filter(name => name !== from))
          await eventually(() => reaches(from, to)).catch(() => assert.fail(`${from} ${to}`))
      const routes = ip('a', 'route')
      assert.match(routes, new RegExp(`${rangeOf('c')} via ${machines.c} dev eth0 .*onlink`))
      assert.ok(routes.includes(`${rangeOf('b')} via ${family.tunnelEnd(1)} dev ${tunnel}`), routes)
    })

    test('what does not fit into the tunnel in one piece arrives, too', async () => {
      const bytes = 3_000_000
      const server = spawn(inside('pod-b')[0], [
        ...inside('pod-b').slice(1),
        'sh',
        '-c',
        'busybox nc -l -p 7000 | wc -c',
      ])
      let text = ''
      server.stdout.on('data', chunk => {
        text += chunk
      })
      await eventually(() => run('pod-b', 'ss', '-ltn').includes(':7000'))
      run(
        'pod-a',
        'sh',
        '-c',
        `head -c ${bytes} /dev/zero | busybox nc -w 10 ${podAddress('b')} 7000`,
      )
      await once(server, 'close')
      assert.equal(Number(text), bytes)
    })

    test('a machine itself is answered from behind the router', () => {
      run('a', 'busybox', 'ping', '-c', '1', '-W', '2', podAddress('b'))
      run('b', 'busybox', 'ping', '-c', '1', '-W', '2', podAddress('a'))
    })

    test('what others take away comes back, and their own routes stay', async () => {
      ip('a', 'link', 'delete', tunnel)
      ip('c', 'route', 'delete', rangeOf('a'))
      assert.equal(reaches('a', 'b'), false)
      await eventually(() => reaches('a', 'b') && reaches('c', 'a'))
      ip('c', 'route', 'delete', rangeOf('b'))
      ip('c', 'route', 'add', rangeOf('b'), 'via', family.routers[0])
      nodes.put('a', nodeOf('a', family.nobody))
      nodes.put('a', nodeOf('a'))
      await eventually(() => reaches('c', 'a') && reaches('a', 'c'))
      const own = new RegExp(`^${rangeOf('b')} via ${family.routers[0]} dev eth0 (?!.*proto)`, 'm')
      assert.match(ip('c', 'route'), own)
      // A look that was under way found half of it gone, said so and was repeated.
      for (const error of nodes.errors.splice(0))
        assert.match(JSON.stringify(error), /trying again.*(Cannot find device|No such)/)
    })

    test('an older node at an address of nobody keeps no other from its routes', async () => {
      const rogue = nodeOf('c', family.of === 4 ? '192.168.50.255' : '2001:db8:50::')
      nodes.put(
        'rogue' as Name,
        {
          ...rogue,
          metadata: { name: 'rogue', creationTimestamp: '2025-01-01T00:00:00Z' },
          spec: { podCIDR: family.range(9), podCIDRs: [family.range(9)] },
        } as Node,
      )
      ip('a', 'route', 'delete', rangeOf('c'))
      await eventually(() => reaches('a', 'c'))
      nodes.remove('rogue' as Name)
      assert.deepEqual(nodes.errors, [])
    })

    test('what another cluster has under the same number stays', async () => {
      const words = [family.foreign, 'via', machines.c, 'proto']
      const [, number = ''] =
        new RegExp(`${rangeOf('c')} .* proto (\\d+)`).exec(ip('a', '-N', 'route')) ?? []
      ip('a', 'route', 'add', ...words, number)
      nodes.put('c', nodeOf('c', family.nobody))
      nodes.put('c', nodeOf('c'))
      await eventually(() => reaches('a', 'c'))
      await new Promise(resolve => setTimeout(resolve, 1000))
      assert.ok(ip('a', 'route').includes(`${family.foreign} via`))
      ip('a', 'route', 'delete', family.foreign)
    })

    test('a node that is gone is forgotten, also one that went meanwhile', async () => {
      nodes.remove('b')
      const has = (name: Name, range: string) => ip(name, 'route').includes(range)
      const tunnels = () => ip('a', 'link').includes(tunnel)
      await eventually(() => !has('a', rangeOf('b')) && !tunnels())
      await stopAll()
      assert.ok(has('a', rangeOf('c')), 'pods that run on are still reached')
      nodes.remove('c')
      startAll()
      await eventually(() => !has('a', rangeOf('c')))
      await removePodRoutes({ instance: 'proa-test', prefix: inside('c') })
      assert.equal(has('c', rangeOf('a')), false)
      assert.deepEqual(nodes.errors, [])
    })
  })
}
