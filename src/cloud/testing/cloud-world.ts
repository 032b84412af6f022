/**
 * A cluster in a cloud for scenarios: a real API server in memory, the controllers that are asked for, a cloud in memory, and time that stands still
 * until it is let pass. `look` tells what has changed since the last look, one line for each fact.
 */
import { after } from 'node:test'
import { event as eventKind } from '#api/core/v1/event.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import { type Service, service as serviceKind } from '#api/core/v1/service.ts'
import { kinds } from '#api/kinds.ts'
import { parseYaml } from '#api/machinery/yaml.ts'
import { type ApiServer, createApiServer } from '#apiserver'
import { createFigureBook } from '#base/figures.ts'
import { silentLog } from '#base/log.ts'
import { createClient } from '#client/api-client.ts'
import type { Client } from '#client/client.ts'
import { createInformers } from '#client/informers.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { systemRandom } from '#host/random.ts'
import { type CloudRequest, MemoryCloud } from '#simulation/cloud/memory-cloud.ts'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { type RunningCloudControllers, startCloudControllers } from '../cloud.ts'
import { ImplementedElsewhere, RetryLater } from '../provider.ts'

const UNINITIALIZED = 'node.cloudprovider.kubernetes.io/uninitialized'
/** Turns in which nothing but what is under way happens. */
const TURNS = 40

export class CloudWorld {
  readonly clock = createManualClock()
  readonly cloud = new MemoryCloud({ clock: this.clock, adoptsNodes: false })
  readonly figures = createFigureBook()
  readonly ready: Promise<void>
  readonly #enabled: string
  client!: Client
  #server!: ApiServer
  #running!: RunningCloudControllers
  #seen = new Set<string>()
  #calls = 0
  #isOver = false

  constructor(enabled: string) {
    this.#enabled = enabled
    this.ready = this.#start()
    // Closed with the test that made it.
    after(() => this.stop())
  }

  #informers: ReturnType<typeof createInformers> | undefined

  async #start(): Promise<void> {
    const { clock, figures, cloud: provider } = this
    const log = silentLog
    const random = systemRandom
    const store = createMemoryStore()
    this.#server = createApiServer({ store, kinds, clock, random, log, featureGates: new Map() })
    await this.#server.ready()
    const admin = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }
    this.client = createClient(this.#server.transportFor(admin))
    await this.client.create(namespace, { metadata: { name: 'default' } }).catch(() => {})
    this.#informers = createInformers(this.client, { clock, log, random })
    const context = { client: this.client, informers: this.#informers, clock, random, log }
    const clusterCidr = '10.244.0.0/16'
    const enabled = this.#enabled
    this.#running = startCloudControllers(context, { provider, figures, enabled, clusterCidr })
    await this.settle()
  }

  /** A second time changes nothing. */
  async stop(): Promise<void> {
    await this.ready
    if (this.#isOver) return
    this.#isOver = true
    await this.#running.stop()
    this.#informers?.stop()
    await this.#server.stop()
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) await this.clock.advance(1)
  }

  async pass(seconds: number): Promise<void> {
    await this.clock.advance(seconds * 1000)
    await this.settle()
  }

  /** What is so now and was not at the last look, and what was asked of the cloud since. */
  async look(): Promise<string[]> {
    await this.settle()
    const [nodes, services, events] = await Promise.all([
      this.client.list(nodeKind),
      this.client.list(serviceKind),
      this.client.list(eventKind),
    ])
    const names = new Map<string, string>()
    for (const { metadata } of [...nodes.items, ...services.items])
      names.set(metadata.uid ?? '', `<${metadata.name}>`)
    const told = events.items.map(
      each =>
        `event ${each.type} ${each.reason} ${each.involvedObject.name}: ${each.message}${(each.count ?? 1) > 1 ? ` (${each.count} times)` : ''}`,
    )
    const facts = [
      ...nodes.items.flatMap(showNode),
      ...services.items.filter(({ metadata }) => metadata.name !== 'kubernetes').map(showService),
      ...[...this.cloud.balancers.values()].map(
        ({ service, nodes }) => `balancer of ${service}: ${nodes.join(' ') || 'nobody'}`,
      ),
      ...[...this.cloud.routeTable.values()].map(
        ({ destinationCIDR, targetNode }) =>
          `route ${destinationCIDR} to ${targetNode || 'nobody'}`,
      ),
      ...told,
    ].map(line => [...names].reduce((text, [uid, name]) => text.replaceAll(uid, name), line))
    const news = facts.filter(line => !this.#seen.has(line)).sort()
    const gone = [...this.#seen].filter(line => isLasting(line) && !facts.includes(line))
    this.#seen = new Set(facts)
    return [...this.#asked(), ...news, ...gone.map(line => `no more ${line}`).sort()]
  }

  /** Each request since the last look, with how often it was made. */
  #asked(): string[] {
    const counts = new Map<string, number>()
    for (const { request, about } of this.cloud.calls.slice(this.#calls)) {
      const line = `asked ${request} ${about}`.trimEnd()
      counts.set(line, (counts.get(line) ?? 0) + 1)
    }
    this.#calls = this.cloud.calls.length
    return [...counts].map(([line, count]) => (count > 1 ? `${line}, ${count} times` : line)).sort()
  }

  /** Words of scenarios. */
  commands(): Readonly<Record<string, (...words: string[]) => unknown>> {
    const { cloud } = this
    const reads = (words: string[]) =>
      (parseYaml(new TextEncoder().encode(words.join(' '))) ?? {}) as Record<string, never>
    const patch = async (
      kind: typeof nodeKind | typeof serviceKind,
      name: string,
      text: string[],
    ) =>
      this.client.patch(
        kind,
        kind === serviceKind ? { name, namespace: 'default' } : { name },
        'merge',
        reads(text),
      )
    const all: Record<string, (...words: string[]) => unknown> = {
      launch: (name, ...more) => cloud.launch(name ?? '', reads(more)),
      addresses: (name, ...list) =>
        cloud.setAddresses(
          name ?? '',
          list.map(each => {
            const [type = '', address = ''] = each.split('=')
            return { type, address } as never
          }),
        ),
      node: async (name, ...more) => {
        const { metadata = {}, spec = {}, status = {} } = reads(more)
        await this.client.create(nodeKind, {
          metadata: { name, ...(metadata as object) },
          spec: {
            taints: [{ key: UNINITIALIZED, value: 'true', effect: 'NoSchedule' }],
            ...(spec as object),
          },
          status: { conditions: [{ type: 'Ready', status: 'True' }], ...(status as object) },
        } as never)
      },
      patchNode: (name, ...text) => patch(nodeKind, name ?? '', text),
      is: (name, status) =>
        this.client.patch(
          nodeKind,
          { name: name ?? '' },
          'strategic',
          { status: { conditions: [{ type: 'Ready', status }] } },
          { subresource: 'status' },
        ),
      removeNode: name => this.client.delete(nodeKind, { name: name ?? '' }),
      service: (name, ...more) =>
        this.client.create(serviceKind, {
          metadata: { name, namespace: 'default' },
          spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...reads(more) },
        } as never),
      patchService: (name, ...text) => patch(serviceKind, name ?? '', text),
      removeService: name =>
        this.client.delete(serviceKind, { name: name ?? '', namespace: 'default' }),
      route: (destinationCIDR = '', targetNode = '') =>
        cloud.routes.createRoute(
          '',
          targetNode,
          { name: '', targetNode, destinationCIDR },
          new AbortController().signal,
        ),
      shutDown: name => cloud.shutDown(name ?? ''),
      powerOn: name => cloud.powerOn(name ?? ''),
      terminate: name => cloud.terminate(name ?? ''),
      fails: (request, ...why) => cloud.fail(request as CloudRequest, why.join(' ')),
      works: request => cloud.fail(request as CloudRequest, undefined),
      takes: (request, seconds) => cloud.delay(request as CloudRequest, Number(seconds) * 1000),
      wantsRetry: (request, seconds) =>
        cloud.fail(request as CloudRequest, new RetryLater('busy', Number(seconds) * 1000)),
      isElsewhere: request => cloud.fail(request as CloudRequest, new ImplementedElsewhere()),
      pass: seconds => this.pass(Number(seconds)),
      look: () => this.look(),
    }
    return Object.fromEntries(
      Object.entries(all).map(([name, act]) => [
        name,
        async (...words: string[]) => {
          await this.ready
          const answer = await act(...words)
          return name === 'look' ? answer : undefined
        },
      ]),
    )
  }
}

const isLasting = (line: string) =>
  /^(node \S+ exists|service \S+ exists|balancer|route)/.test(line)

function showNode({ metadata, spec, status }: Node): string[] {
  const { name, labels = {} } = metadata
  const taints = (spec.taints ?? []).map(({ key }) => key.split('/').at(-1))
  const network = (status.conditions ?? []).find(({ type }) => type === 'NetworkUnavailable')
  const known = Object.entries(labels).filter(([key]) => !key.endsWith('/os'))
  return [
    `node ${name} exists`,
    `node ${name} taints: ${taints.join(' ') || 'none'}`,
    ...(spec.providerID ? [`node ${name} is ${spec.providerID}`] : []),
    ...(known.length > 0
      ? [
          `node ${name} labels: ${known
            .map(label => label.join('='))
            .sort()
            .join(' ')}`,
        ]
      : []),
    ...(status.addresses
      ? [
          `node ${name} at ${status.addresses.map(({ type, address }) => `${type}=${address}`).join(' ')}`,
        ]
      : []),
    ...(network ? [`node ${name} NetworkUnavailable=${network.status} ${network.reason}`] : []),
  ]
}

function showService({ metadata, spec, status }: Service): string {
  const { name, finalizers = [], deletionTimestamp } = metadata
  const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname)
  return `service ${name} ${spec.type}${finalizers.length > 0 ? ' kept' : ''}${deletionTimestamp ? ' dying' : ''} at ${ingress.join(' ') || 'nothing'}`
}
