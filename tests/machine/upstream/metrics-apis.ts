/** The three metrics APIs as an aggregated server serves them to a story, with values that the story sets. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { systemRandom } from '#host/random.ts'
import type { ApiEnd, Shown } from '../etcd/servers.ts'
import { until } from './story.ts'

/** What all pods of an app use together, in thousandths of a CPU or in mebibytes: each has its share of it. */
export interface Usage {
  readonly cpu: number
  readonly memory: number
  /** What a second container of each pod uses beside it. */
  readonly beside?: number
  /** Of so many pods nothing is known. */
  readonly unknown?: number
}

/** How a metric fails: as a server says it in the words of the API, or in its own, or there is nothing in it. */
export type Failure = 'unknown' | 'bare' | 'broken' | 'empty'

const GROUPS = {
  'metrics.k8s.io': 'v1beta1',
  'custom.metrics.k8s.io': 'v1beta2',
  'external.metrics.k8s.io': 'v1beta1',
}
const SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices'
const validity = { notBefore: Date.parse('2025-01-01'), notAfter: Date.parse('2049-01-01') }

export class MetricsApis {
  /** By app. */
  readonly usage = new Map<string, Usage>()
  /** Custom metrics and external ones, by their names: of a pod its share of all, as in `usage`. */
  readonly values = new Map<string, number>()
  /** By app or metric. */
  readonly failing = new Map<string, Failure>()
  readonly #api: ApiEnd
  readonly #server: Server

  private constructor(api: ApiEnd, certificate: string, key: string) {
    this.#api = api
    this.#server = createServer({ cert: certificate, key }, async (request, response) => {
      const { status, body } = await this.#answerTo(new URL(request.url ?? '/', 'https://metrics'))
      response.writeHead(status, {
        'content-type': typeof body === 'string' ? 'text/plain' : 'application/json',
      })
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    })
  }

  /** Serves them, and announces them by a Service of the namespace. */
  static async start(api: ApiEnd, namespace: string): Promise<MetricsApis> {
    const authority = issueAuthority('metrics-ca', validity, systemRandom)
    const names = [`metrics.${namespace}.svc`]
    const leaf = issueLeaf(
      { subject: { commonName: 'metrics' }, usages: ['server'], names, validity },
      authority,
      systemRandom,
    )
    const apis = new MetricsApis(api, leaf.certificate, leaf.key)
    apis.#server.listen(0, '127.0.0.1')
    await once(apis.#server, 'listening')
    await apis.#announce(namespace, Buffer.from(authority.certificate).toString('base64'))
    return apis
  }

  async #announce(namespace: string, caBundle: string): Promise<void> {
    const { port } = this.#server.address() as AddressInfo
    await this.#api.want('POST', `/api/v1/namespaces/${namespace}/services`, {
      metadata: { name: 'metrics' },
      spec: { type: 'ExternalName', externalName: 'localhost' },
    })
    for (const [group, version] of Object.entries(GROUPS))
      await this.#api.want('POST', SERVICES, {
        metadata: { name: `${version}.${group}` },
        spec: {
          ...{ group, version, groupPriorityMinimum: 100, versionPriority: 100, caBundle },
          service: { namespace, name: 'metrics', port },
        },
      })
    await until('the metrics APIs are served', async () => {
      const { items } = await this.#api.want('GET', SERVICES)
      const named = await this.#api.want('GET', '/apis')
      return Object.keys(GROUPS).every(
        group =>
          named.groups.some(({ name }: Shown) => name === group) &&
          items.some(
            ({ spec, status }: Shown) =>
              spec.group === group &&
              status?.conditions?.some(
                ({ type, status }: Shown) => type === 'Available' && status === 'True',
              ),
          ),
      )
    })
  }

  /** Nobody serves them any more. */
  async withdraw(): Promise<void> {
    for (const [group, version] of Object.entries(GROUPS)) {
      const { status } = await this.#api.ask('DELETE', `${SERVICES}/${version}.${group}`)
      if (status !== 200 && status !== 404) throw new Error(`${group}: ${status}`)
    }
  }

  async stop(): Promise<void> {
    await this.withdraw()
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #answerTo({ pathname, searchParams }: URL): Promise<{ status: number; body: Shown }> {
    const [, , group = '', version = '', ...rest] = pathname.split('/')
    if (!(group in GROUPS)) return NOT_FOUND
    if (rest.length === 0) return { status: 200, body: resources(group, version) }
    const selector = searchParams.get('labelSelector') ?? ''
    const app = /^app=([\w-]+)$/.exec(selector)?.[1] ?? ''
    const metric = group === 'metrics.k8s.io' ? app : (rest.at(-1) ?? '')
    const failure = this.failing.get(metric)
    if (failure === 'empty') return { status: 200, body: { ...KINDS[group], items: [] } }
    if (failure) return FAILURES[failure]
    const items = await this.#itemsOf(group, rest, { metric, app, namespace: rest[1] ?? '' })
    if (!items) return NOT_FOUND
    return { status: 200, body: { ...KINDS[group], metadata: {}, items } }
  }

  async #itemsOf(
    group: string,
    [, , plural = '', name = '']: readonly string[],
    { metric, app, namespace }: { metric: string; app: string; namespace: string },
  ): Promise<readonly object[] | undefined> {
    const timestamp = new Date().toISOString().replace(/\.\d+/, '')
    const pods = async () => {
      const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=app%3D${app}`
      const { items } = await this.#api.want('GET', path)
      return items.map(({ metadata }: Shown) => metadata.name).sort() as string[]
    }
    if (group === 'metrics.k8s.io') {
      const usage = this.usage.get(app)
      return usage && podMetrics(await pods(), usage, { namespace, timestamp })
    }
    const value = this.values.get(metric)
    if (value === undefined) return undefined
    if (group === 'external.metrics.k8s.io')
      // As two series, of which the sum counts.
      return [value - 1, 1].map(each => ({ metricName: metric, timestamp, value: `${each}` }))
    const of = (kind: string, name: string, milli: number) => ({
      describedObject: { kind, namespace, name, apiVersion: 'v1' },
      ...{ metric: { name: metric }, timestamp, windowSeconds: 1, value: `${milli}m` },
    })
    if (plural === 'pods') {
      const names = await pods()
      return names.map(each => of('Pod', each, (value * 1000) / names.length))
    }
    return [of(plural === 'metrics' ? 'Namespace' : 'Service', name, value * 1000)]
  }
}

/** In nanos, so that shares are exact. */
function podMetrics(
  names: readonly string[],
  { cpu, memory, beside, unknown = 0 }: Usage,
  { namespace, timestamp }: { namespace: string; timestamp: string },
): readonly object[] {
  const share = {
    cpu: `${Math.round((cpu * 1_000_000) / names.length)}n`,
    memory: `${Math.round((memory * 1024) / names.length)}Ki`,
  }
  const containers = [
    { name: 'main', usage: { ...share, 'ephemeral-storage': share.memory } },
    ...(beside === undefined ? [] : [{ name: 'side', usage: { ...share, cpu: `${beside}m` } }]),
  ]
  return names.slice(unknown).map(name => ({
    ...{ metadata: { name, namespace }, timestamp, window: '1s', containers },
  }))
}

const KINDS: Readonly<Record<string, object>> = {
  'metrics.k8s.io': { kind: 'PodMetricsList', apiVersion: 'metrics.k8s.io/v1beta1' },
  'custom.metrics.k8s.io': {
    kind: 'MetricValueList',
    apiVersion: 'custom.metrics.k8s.io/v1beta2',
  },
  'external.metrics.k8s.io': {
    kind: 'ExternalMetricValueList',
    apiVersion: 'external.metrics.k8s.io/v1beta1',
  },
}

const STATUS = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' }
const NOT_FOUND = {
  status: 404,
  body: { ...STATUS, reason: 'NotFound', code: 404, message: 'there is no such metric' },
}
const FAILURES: Readonly<Record<Exclude<Failure, 'empty'>, { status: number; body: Shown }>> = {
  unknown: NOT_FOUND,
  bare: { status: 404, body: 'not here' },
  broken: { status: 500, body: 'out of order' },
}

const resources = (group: string, version: string) => ({
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${group}/${version}`,
  resources: [
    {
      ...{ name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics' },
      verbs: ['get', 'list'],
    },
  ],
})
