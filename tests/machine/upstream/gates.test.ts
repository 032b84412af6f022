/** Fields behind feature gates, asked of upstream's API server and of Proa's with the gates on, and of both again with them off. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Method } from '#client/transport.ts'
import { EtcdProcess } from '../../../src/store/testing/etcd-process.ts'
import {
  type ApiEnd,
  Keys,
  kubeApiServerMissing,
  startProa,
  startUpstream,
} from '../etcd/servers.ts'

const GROUPS = '/apis/scheduling.k8s.io/v1alpha2/namespaces/default/podgroups'
const WORKLOADS = '/apis/scheduling.k8s.io/v1alpha2/namespaces/default/workloads'
const PODS = '/api/v1/namespaces/default/pods'
const JOBS = '/apis/batch/v1/namespaces/default/cronjobs'
const MERGE = 'application/merge-patch+json'
const ALL =
  'GenericWorkload GangScheduling TopologyAwareWorkloadScheduling DRAWorkloadResourceClaims WorkloadAwarePreemption'

const spec = {
  schedulingPolicy: { gang: { minCount: 2 } },
  schedulingConstraints: { topology: [{ key: 'rack' }] },
  resourceClaims: [{ name: 'gpu', resourceClaimName: 'one' }],
  disruptionMode: 'PodGroup',
  priorityClassName: 'high',
}
const other = {
  ...spec,
  schedulingConstraints: { topology: [{ key: 'row' }] },
  disruptionMode: 'Pod',
  priorityClassName: 'other',
}
const podSpec = { containers: [{ name: 'a', image: 'a' }], schedulingGroup: { podGroupName: 'g' } }
const status = { resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'y' }] }
const labels = { metadata: { labels: { changed: 'yes' } } }
const template = { spec: { ...podSpec, restartPolicy: 'Never' } }
const jobTemplate = { spec: { template } }

type Ask = readonly [method: Method, path: string, body: object]
const creates = (name: string): Ask[] => {
  const metadata = { name }
  return [
    ['POST', GROUPS, { metadata, spec }],
    ['POST', WORKLOADS, { metadata, spec: { podGroupTemplates: [{ name: 'w', ...spec }] } }],
    ['POST', PODS, { metadata, spec: podSpec }],
    ['POST', JOBS, { metadata, spec: { schedule: '* * * * *', jobTemplate } }],
    ['PATCH', `${GROUPS}/${name}/status`, { status }],
  ]
}
const changes = (name: string): Ask[] => [
  ...[GROUPS, WORKLOADS, PODS, JOBS].map((path): Ask => ['PATCH', `${path}/${name}`, labels]),
  ['PATCH', `${GROUPS}/${name}`, { spec: { priorityClassName: 'other' } }],
  ['PATCH', `${GROUPS}/${name}`, { spec: { schedulingConstraints: { topology: [] } } }],
  ['PATCH', `${GROUPS}/${name}`, { spec: { resourceClaims: null } }],
  ['PATCH', `${GROUPS}/${name}`, { spec: { schedulingConstraints: null } }],
  ['PATCH', `${GROUPS}/${name}`, { spec: { priorityClassName: null } }],
  ['PATCH', `${GROUPS}/${name}`, { spec: { priority: 5 } }],
  ['PATCH', `${GROUPS}/${name}`, { spec: { disruptionMode: 'Pod' } }],
  ['PATCH', `${GROUPS}/${name}`, { spec: { disruptionMode: null } }],
  ['PATCH', `${GROUPS}/${name}`, { spec: { schedulingPolicy: { gang: { minCount: 3 } } } }],
  ['PATCH', `${WORKLOADS}/${name}`, { spec: { podGroupTemplates: [{ name: 'w', ...other }] } }],
  ['PATCH', `${GROUPS}/${name}/status`, { status }],
  ['PATCH', `${PODS}/${name}`, { spec: { schedulingGroup: { podGroupName: 'other' } } }],
  ['PATCH', `${JOBS}/${name}`, { spec: { jobTemplate: { spec: { template } } } }],
]
const gone: Ask = [
  'POST',
  GROUPS,
  { metadata: { name: 'gone' }, spec: { ...spec, priorityClassName: 'gone' } },
]

/** What was asked first, second and third, each after a start with other gates. */
const lives: readonly (readonly [gates: string, asks: readonly Ask[]])[] = [
  [ALL, [...creates('all'), gone]],
  ['GenericWorkload', [...changes('all'), ...creates('one'), ...changes('one'), gone]],
  ['', changes('all').concat(creates('none'), changes('one')).filter(isOfPods)],
]

/** Upstream serves nothing else then. */
function isOfPods([, path]: Ask): boolean {
  return path.startsWith(PODS) || path.startsWith(JOBS)
}

describe('gates of upstream’s API server', { skip: kubeApiServerMissing() }, () => {
  const keys = new Keys()
  const stores: EtcdProcess[] = []
  before(async () => {
    stores.push(...(await Promise.all([EtcdProcess.start(), EtcdProcess.start()])))
  })
  after(async () => {
    await Promise.all(stores.map(store => store.remove()))
    keys.remove()
  })

  for (const [gates, asks] of lives)
    test(`with ${gates || 'none'} on`, async () => {
      const on = gates.split(' ').filter(Boolean)
      const url = (of: number) => stores[of]?.url ?? ''
      const upstream = await startUpstream(keys, url(0), [
        '--runtime-config=api/all=true',
        ...on.map(gate => `--feature-gates=${gate}=true`),
      ])
      const featureGates = new Map(on.map(gate => [gate, true]))
      const proa = await startProa(keys, { servers: [url(1)] }, undefined, undefined, featureGates)
      try {
        for (const end of [upstream, proa]) await prepare(end)
        for (const [method, path, body] of asks) {
          const [wanted, given] = await Promise.all(
            [upstream, proa].map(end => shown(end, method, path, body)),
          )
          assert.deepEqual(given, wanted, `${method} ${path} ${JSON.stringify(body)}`)
        }
      } finally {
        await proa.stop()
        await upstream.stop()
      }
    })
})

async function prepare(end: ApiEnd): Promise<void> {
  const accounts = '/api/v1/namespaces/default/serviceaccounts'
  await end.ask('POST', accounts, { metadata: { name: 'default' } })
  for (const [name, value] of Object.entries({ high: 70, other: 5 }))
    await end.ask('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', {
      metadata: { name },
      value,
    })
}

/** Of the answer what gates decide. */
async function shown(end: ApiEnd, method: Method, path: string, body: object): Promise<unknown> {
  const answer = await end.ask(method, path, body, method === 'PATCH' ? MERGE : undefined)
  const { kind, message, status, spec } = answer.body
  // Below the refusal upstream shows differences as Go sees them.
  if (kind === 'Status') return [answer.status, message.split('\n')[0]]
  const of = spec.jobTemplate?.spec.template.spec ?? spec
  const { schedulingGroup } = of
  if (of.containers) return [answer.status, schedulingGroup]
  const clean = (part: object): object =>
    Object.fromEntries(Object.entries(part).filter(([, value]) => value !== null))
  const templates = spec.podGroupTemplates?.map(clean)
  return [answer.status, templates ?? clean(spec), status]
}
