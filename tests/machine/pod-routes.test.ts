/** Three machines in network namespaces, two of them on one wire and the third behind a router that knows nothing of pods: their pods meet. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import type { Node } from '../../src/api/core/v1/node.ts'
import type { RoleContext } from '../../src/client/role.ts'
import { KernelRoutes } from '../../src/network/routes/kernel-routes.ts'
import { startPodRoutes } from '../../src/network/routes/pod-routes.ts'
import { eventually, whyNotHere } from './proa-process.ts'

const prefix = `proa-routes-${process.pid}`
const inside = (name: string) => ['ip', 'netns', 'exec', `${prefix}-${name}`] as const

function run(name: string, ...words: string[]): string {
  const [program, ...first] = inside(name)
  const { status, stdout, stderr } = spawnSync(program, [...first, ...words], { encoding: 'utf8' })
  assert.equal(status, 0, `${name}: ${words.join(' ')}: ${stderr}`)
  return stdout
}

/** Machines by their number, which is that of their pods' range, too. */
const MACHINES = { a: '192.168.50.2', b: '192.168.60.2', c: '192.168.50.3' }
type Name = keyof typeof MACHINES
const NAMES = Object.keys(MACHINES) as Name[]
const numberOf = (name: Name) => NAMES.indexOf(name)
const podAddress = (name: Name) => `10.244.${numberOf(name)}.5`

function layWires(): void {
  for (const name of ['router', ...NAMES, ...NAMES.map(name => `pod-${name}`)])
    assert.equal(spawnSync('ip', ['netns', 'add', `${prefix}-${name}`]).status, 0)
  run('router', 'ip', 'link', 'add', 'wire', 'type', 'bridge')
  run('router', 'ip', 'address', 'add', '192.168.50.1/24', 'dev', 'wire')
  for (const [name, address] of Object.entries(MACHINES)) {
    const far = `to-${name}`
    const peer = ['peer', 'name', 'eth0', 'netns', `${prefix}-${name}`]
    run('router', 'ip', 'link', 'add', far, 'type', 'veth', ...peer)
    if (name === 'b') run('router', 'ip', 'address', 'add', '192.168.60.1/24', 'dev', far)
    else run('router', 'ip', 'link', 'set', far, 'master', 'wire')
    run('router', 'ip', 'link', 'set', far, 'up')
    run(name, 'ip', 'address', 'add', `${address}/24`, 'dev', 'eth0')
    for (const link of ['lo', 'eth0']) run(name, 'ip', 'link', 'set', link, 'up')
    run(name, 'ip', 'route', 'add', 'default', 'via', address.replace(/\d+$/, '1'))
    run(name, 'sysctl', '-qw', 'net.ipv4.ip_forward=1')
    addPod(name as Name)
  }
  run('router', 'ip', 'link', 'set', 'wire', 'up')
  run('router', 'sysctl', '-qw', 'net.ipv4.ip_forward=1')
}

/** As the CNI plugin ptp does it: a link of its own, and a route to it. */
function addPod(name: Name): void {
  const [pod, address, gateway] = [`pod-${name}`, podAddress(name), `10.244.${numberOf(name)}.1`]
  run(
    name,
    'ip',
    'link',
    'add',
    'pod',
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    'netns',
    `${prefix}-${pod}`,
  )
  run(name, 'ip', 'address', 'add', `${gateway}/32`, 'dev', 'pod')
  run(name, 'ip', 'link', 'set', 'pod', 'up')
  run(name, 'ip', 'route', 'add', address, 'dev', 'pod')
  run(pod, 'ip', 'address', 'add', `${address}/32`, 'dev', 'eth0')
  run(pod, 'ip', 'link', 'set', 'eth0', 'up')
  run(pod, 'ip', 'route', 'add', gateway, 'dev', 'eth0')
  run(pod, 'ip', 'route', 'add', 'default', 'via', gateway)
}

const nodeOf = (name: Name, address: string = MACHINES[name]) =>
  ({
    metadata: { name, creationTimestamp: `2026-01-0${numberOf(name) + 1}T00:00:00Z` },
    spec: { podCIDR: `10.244.${numberOf(name)}.0/24` },
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
  const words = [...inside(`pod-${from}`), 'busybox', 'ping', '-c', '1', '-W', '1', podAddress(to)]
  return spawnSync(words[0] ?? '', words.slice(1)).status === 0
}

describe('routes between the pods of machines', { skip: whyNotHere() }, () => {
  const nodes = new Nodes()
  const kernels = new Map<Name, KernelRoutes>()
  let running: { stop(): Promise<void> }[] = []
  const startAll = () => {
    running = NAMES.map(nodeName => {
      const kernel = new KernelRoutes({ instance: 'proa-test', prefix: inside(nodeName) })
      kernels.set(nodeName, kernel)
      const options = {
        nodeName,
        instance: 'proa-test',
        clusterCidr: '10.244.0.0/16',
        mode: 'auto' as const,
      }
      return startPodRoutes(nodes.context, { ...options, kernel })
    })
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
        await eventually(() => reaches(from, to), 10_000).catch(() => assert.fail(`${from} ${to}`))
    assert.match(run('a', 'ip', 'route'), /10\.244\.2\.0\/24 via 192\.168\.50\.3 dev eth0 .*onlink/)
    assert.match(run('a', 'ip', 'route'), /10\.244\.1\.0\/24 via 10\.244\.1\.0 dev vx-proa-test/)
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
    await eventually(() => run('pod-b', 'ss', '-ltn').includes(':7000'), 5000)
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
    run('a', 'ip', 'link', 'delete', 'vx-proa-test')
    run('c', 'ip', 'route', 'delete', '10.244.0.0/24')
    assert.equal(reaches('a', 'b'), false)
    await eventually(() => reaches('a', 'b') && reaches('c', 'a'), 30_000)
    run('c', 'ip', 'route', 'delete', '10.244.1.0/24')
    run('c', 'ip', 'route', 'add', '10.244.1.0/24', 'via', '192.168.50.1')
    nodes.put('a', nodeOf('a', '192.168.50.9'))
    nodes.put('a', nodeOf('a'))
    await eventually(() => reaches('c', 'a') && reaches('a', 'c'), 10_000)
    assert.match(run('c', 'ip', 'route'), /10\.244\.1\.0\/24 via 192\.168\.50\.1 dev eth0 $/m)
  })

  test('what another cluster has under the same number stays', async () => {
    const words = ['10.99.0.0/24', 'via', '192.168.50.3', 'proto']
    const [, number = ''] =
      /10\.244\.2\.0\/24 .* proto (\d+)/.exec(run('a', 'ip', '-N', 'route')) ?? []
    run('a', 'ip', 'route', 'add', ...words, number)
    nodes.put('c', nodeOf('c', '192.168.50.9'))
    nodes.put('c', nodeOf('c'))
    await eventually(() => reaches('a', 'c'), 10_000)
    await new Promise(resolve => setTimeout(resolve, 1000))
    assert.match(run('a', 'ip', 'route'), /10\.99\.0\.0\/24 via/)
    run('a', 'ip', 'route', 'delete', '10.99.0.0/24')
  })

  test('a node that is gone is forgotten, also one that went meanwhile', async () => {
    nodes.remove('b')
    const has = (name: Name, range: string) => run(name, 'ip', 'route').includes(range)
    const tunnels = () => run('a', 'ip', 'link').includes('vx-proa-test')
    await eventually(() => !has('a', '10.244.1.0/24') && !tunnels(), 10_000)
    await stopAll()
    assert.ok(has('a', '10.244.2.0/24'), 'pods that run on are still reached')
    nodes.remove('c')
    startAll()
    await eventually(() => !has('a', '10.244.2.0/24'), 30_000)
    await kernels.get('c')?.remove()
    assert.equal(has('c', '10.244.0.0/24'), false)
    assert.deepEqual(nodes.errors, [])
  })
})
