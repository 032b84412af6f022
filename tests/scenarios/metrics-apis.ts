/** The three metrics APIs as an aggregated server serves them, with values that a test sets; and what announces it to a cluster. */
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { pod } from '#api/core/v1/pod/pod.ts'
import type { Clock } from '#base/clock.ts'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { systemRandom } from '#host/random.ts'
import type { Cluster } from '#index'

/** Whole numbers, or undefined where the server knows nothing. */
export interface Measured {
  /** Of each pod, in thousandths of a CPU. */
  cpu?: number
  /** Of each pod: `custom.metrics.k8s.io` of pods. */
  perPod?: number
  /** Of the Service `front`. */
  ofObject?: number
  external?: number
}

const GROUPS = {
  'metrics.k8s.io': 'v1beta1',
  'custom.metrics.k8s.io': 'v1beta2',
  'external.metrics.k8s.io': 'v1beta1',
}
const validity = { notBefore: Date.parse('2025-01-01'), notAfter: Date.parse('2049-01-01') }

export interface MetricsApis extends AsyncDisposable {
  measured: Measured
  /** What was told of metrics, and when by the cluster's clock, in order. */
  readonly told: readonly { readonly measured: Measured; readonly atMs: number }[]
  /** A Service and the APIServices that lead here. */
  readonly manifest: string
}

/** Times are told by the cluster's own clock. */
export async function serveMetrics(cluster: () => Cluster, clock: Clock): Promise<MetricsApis> {
  const authority = issueAuthority('metrics-ca', validity, systemRandom)
  const names = ['metrics.default.svc']
  const leaf = issueLeaf(
    { subject: { commonName: 'metrics' }, usages: ['server'], names, validity },
    authority,
    systemRandom,
  )
  let measured: Measured = {}
  const told: { readonly measured: Measured; readonly atMs: number }[] = []
  const server = createServer(
    { cert: leaf.certificate, key: leaf.key },
    async (request, response) => {
      const url = new URL(request.url ?? '/', 'https://metrics')
      const current = measured
      const answer = await answerTo(url, current, { cluster: cluster(), clock })
      if (answer) told.push({ measured: current, atMs: clock.monotonicMs() })
      response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' })
      response.end(JSON.stringify(answer ?? NOT_FOUND))
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    told,
    get measured() {
      return measured
    },
    set measured(next) {
      measured = next
    },
    manifest: manifest(port, Buffer.from(authority.certificate).toString('base64')),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const NOT_FOUND = {
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  reason: 'NotFound',
  code: 404,
  message: 'the server could not find the metric',
}

const manifest = (port: number, caBundle: string) =>
  [
    `apiVersion: v1
kind: Service
metadata: { name: metrics, namespace: default }
spec: { type: ExternalName, externalName: localhost }
`,
    ...Object.entries(GROUPS).map(
      ([group, version]) => `apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: { name: ${version}.${group} }
spec:
  group: ${group}
  version: ${version}
  groupPriorityMinimum: 100
  versionPriority: 100
  caBundle: ${caBundle}
  service: { namespace: default, name: metrics, port: ${port} }
`,
    ),
  ].join('---\n')

async function answerTo(
  { pathname, searchParams }: URL,
  { cpu, perPod, ofObject, external }: Measured,
  { cluster, clock }: { cluster: Cluster; clock: Clock },
): Promise<object | undefined> {
  const [, , group = '', version = '', ...rest] = pathname.split('/')
  const list = (kind: string, items: readonly object[]) => ({
    kind,
    apiVersion: `${group}/${version}`,
    metadata: {},
    items,
  })
  const timestamp = new Date(clock.now()).toISOString()
  if (rest.length === 0) return resources(group, version)
  const labelSelector = searchParams.get('labelSelector') ?? ''
  const pods = async () =>
    (await cluster.client.list(pod, { namespace: 'default', labelSelector })).items
  if (group === 'metrics.k8s.io' && cpu !== undefined)
    return list(
      'PodMetricsList',
      (await pods()).map(({ metadata: { name, namespace } }) => ({
        metadata: { name, namespace },
        timestamp,
        window: '1s',
        containers: [{ name: 'main', usage: { cpu: `${cpu}m`, memory: '1Mi' } }],
      })),
    )
  if (group === 'external.metrics.k8s.io' && external !== undefined)
    return list('ExternalMetricValueList', [
      { metricName: rest.at(-1), timestamp, value: String(external) },
    ])
  if (group !== 'custom.metrics.k8s.io') return undefined
  if (rest.includes('pods') && perPod !== undefined)
    return list(
      'MetricValueList',
      (await pods()).map(({ metadata: { name } }) => ({
        describedObject: { kind: 'Pod', name },
        timestamp,
        value: String(perPod),
      })),
    )
  if (rest.includes('services') && ofObject !== undefined)
    return list('MetricValueList', [
      { describedObject: { kind: 'Service', name: 'front' }, timestamp, value: String(ofObject) },
    ])
  return undefined
}

const resources = (group: string, version: string) => ({
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${group}/${version}`,
  resources: [
    {
      name: 'pods',
      singularName: '',
      namespaced: true,
      kind: 'PodMetrics',
      verbs: ['get', 'list'],
    },
  ],
})
