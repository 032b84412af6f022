import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import type { InformerListener } from '#client/informer.ts'
import type { ControllerContext, Outcome, Wakeup } from '../runner/controller.ts'
import { nodeIpamController } from './node-ipam.controller.ts'

/** Nodes that come, are given ranges and go, as the controller sees them. */
class Nodes {
  readonly woken: string[] = []
  readonly #nodes = new Map<string, Node>()
  readonly #listeners: InformerListener<Node>[] = []
  readonly #controller

  constructor(clusterCidr: string) {
    const informer = {
      list: () => [...this.#nodes.values()],
      get: (name: string) => this.#nodes.get(name),
      subscribe: (listener: InformerListener<Node>) => void this.#listeners.push(listener),
    }
    const context = { informers: { for: () => informer } } as unknown as ControllerContext
    this.#controller = nodeIpamController(context, { clusterCidr })
  }

  wake(): void {
    const add = (name: string) => this.woken.push(name)
    this.#controller.wake({ add, onStop() {} } as unknown as Wakeup)
  }

  has(name: string, podCIDR?: string): void {
    const node = { metadata: { name, uid: name }, spec: podCIDR ? { podCIDR } : {} } as Node
    this.#nodes.set(name, node)
    for (const { changed } of this.#listeners) changed?.(node, undefined)
  }

  loses(name: string): void {
    const node = this.#nodes.get(name) as Node
    this.#nodes.delete(name)
    for (const { deleted } of this.#listeners) deleted?.(node)
  }

  /** What is written for the node; undefined where there is nothing left for it. */
  async gives(name: string): Promise<string | undefined> {
    const podCIDR = await this.decides(name)
    if (podCIDR) this.has(name, podCIDR)
    return podCIDR
  }

  async outcome(name: string): Promise<Outcome> {
    return (await this.#controller.reconcile(name, undefined)) as Outcome
  }

  /** The same, before the write is done. */
  async decides(name: string): Promise<string | undefined> {
    const { writes } = await this.outcome(name)
    const [write] = writes
    if (write?.verb !== 'patch') return undefined
    return (write.patch as { spec: { podCIDR: string } }).spec.podCIDR
  }
}

test('each node gets the first free range, also one that was given back', async () => {
  const nodes = new Nodes('10.0.0.0/22')
  nodes.has('old', '10.0.1.0/24')
  nodes.wake()
  const given = []
  for (const name of ['a', 'b', 'c', 'd']) {
    nodes.has(name)
    given.push(await nodes.gives(name))
  }
  assert.deepEqual(given, ['10.0.0.0/24', '10.0.2.0/24', '10.0.3.0/24', undefined])
  nodes.woken.length = 0
  nodes.loses('b')
  assert.deepEqual(nodes.woken, ['d'])
  assert.equal(await nodes.gives('d'), '10.0.2.0/24')
})

test('a range that two nodes have is free when both are gone, whoever goes first', async () => {
  for (const [first, second] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    const nodes = new Nodes('10.0.0.0/23')
    nodes.wake()
    for (const name of ['a', 'b']) nodes.has(name, '10.0.0.0/24')
    nodes.loses(first)
    nodes.has('c')
    assert.equal(await nodes.gives('c'), '10.0.1.0/24', `while ${second} has the first range`)
    nodes.loses(second)
    nodes.has('d')
    assert.equal(await nodes.gives('d'), '10.0.0.0/24')
  }
})

test('a node that shows another range than it was given keeps the one that it shows', async () => {
  const nodes = new Nodes('10.0.0.0/22')
  nodes.wake()
  nodes.has('a')
  assert.equal(await nodes.gives('a'), '10.0.0.0/24')
  nodes.has('a', '10.0.2.0/24')
  const given = []
  for (const name of ['b', 'c', 'd']) {
    nodes.has(name)
    given.push(await nodes.gives(name))
  }
  assert.deepEqual(given, ['10.0.0.0/24', '10.0.1.0/24', '10.0.3.0/24'])
})

test('nodes looked at side by side are given ranges of their own, and the same again until it is written', async () => {
  const nodes = new Nodes('10.0.0.0/22')
  nodes.wake()
  const names = ['a', 'b', 'c']
  for (const name of names) nodes.has(name)
  const decide = () => Promise.all(names.map(name => nodes.decides(name)))
  const given = await decide()
  assert.deepEqual(given, ['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24'])
  assert.deepEqual(await decide(), given)
})

test('with two ranges each node gets one of both, and none where one is used up', async () => {
  const nodes = new Nodes('fd00:10:244::/56,10.0.0.0/23')
  nodes.has('old', 'fd00:10:244::/64')
  nodes.wake()
  const ranges = async (name: string) => {
    nodes.has(name)
    const { writes } = await nodes.outcome(name)
    const [write] = writes
    if (write?.verb === 'event') return write.reason
    return write?.verb === 'patch' && (write.patch as { spec: object }).spec
  }
  assert.deepEqual(await ranges('a'), {
    podCIDR: 'fd00:10:244:1::/64',
    podCIDRs: ['fd00:10:244:1::/64', '10.0.0.0/24'],
  })
  assert.deepEqual(await ranges('b'), {
    podCIDR: 'fd00:10:244:2::/64',
    podCIDRs: ['fd00:10:244:2::/64', '10.0.1.0/24'],
  })
  assert.equal(await ranges('c'), 'CIDRNotAvailable')
  nodes.loses('a')
  assert.deepEqual(await ranges('c'), {
    podCIDR: 'fd00:10:244:1::/64',
    podCIDRs: ['fd00:10:244:1::/64', '10.0.0.0/24'],
  })
})

test('ranges of another mask, and in other words, are nobody else’s either', async () => {
  const nodes = new Nodes('10.244.0.0/16')
  nodes.has('wide', '10.244.0.0/23')
  nodes.has('narrow', '10.244.2.128/25')
  nodes.wake()
  nodes.has('new')
  assert.equal(await nodes.gives('new'), '10.244.3.0/24')
  nodes.loses('wide')
  nodes.has('next')
  assert.equal(await nodes.gives('next'), '10.244.0.0/24')
  const six = new Nodes('fd00:10:244::/56')
  six.has('old', 'FD00:10:244:0:0::/64')
  six.wake()
  six.has('new')
  assert.equal(await six.gives('new'), 'fd00:10:244:1::/64')
})
