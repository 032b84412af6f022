/** Members of a federation that are upstream's, API server, controllers and scheduler, beside one of Proa's: it is all the same to the federation. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { deployment } from '#api/apps/v1/deployment.ts'
import { job } from '#api/batch/v1/job.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { service } from '#api/core/v1/service.ts'
import { endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { isStatus } from '#api/machinery/status.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { systemClock } from '#host/clock.ts'
import { type Cluster, startCluster } from '#index'
import {
  type ClusterProfile,
  clusterProfile,
} from '../../../src/federation/inventory/cluster-profile.ts'
import { join } from '../../../src/federation/inventory/join.ts'
import {
  type ServiceExport,
  type ServiceImport,
  serviceExport,
  serviceImport,
} from '../../../src/federation/services/kinds.ts'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { until } from '../../scenarios/federation-clusters.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { MixedCluster, upstreamRolesMissing } from './mixed-cluster.ts'

const skip = etcdMissing() || kubeApiServerMissing() || upstreamRolesMissing()
const SPACE = 'shop'
const isWell = ({ status }: ClusterProfile) =>
  status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false

describe('a federation with upstream’s clusters', { skip }, () => {
  const members = new Map<string, MixedCluster>()
  let host: Cluster

  before(async () => {
    host = await startCluster({ federation: { monitorPeriodMs: 2_000 } })
    for (const [name, maker] of [
      ['ours', 'proa'],
      ['theirs', 'upstream'],
    ] as const) {
      const member = await MixedCluster.start({ apiserver: maker, roles: maker })
      members.set(name, member)
      const files = { read: async () => '', resolve: (file: string) => file }
      const { server, certificateAuthority } = await connectionFromKubeconfig(
        member.kubeconfig,
        files,
      )
      const { kubeconfig } = member
      await join(host.client, systemClock, { name, kubeconfig, server, certificateAuthority })
    }
    await until('all well', async () => {
      const { items } = await host.client.list(clusterProfile)
      return items.every(item => isWell(item as unknown as ClusterProfile))
    })
    await host.client.create(namespace, { metadata: { name: SPACE } })
  })
  after(async () => {
    await host?.stop()
    for (const member of members.values()) await member.stop()
  })

  const all = async (look: (member: MixedCluster) => Promise<boolean>) =>
    (
      await Promise.all(
        [...members.values()].map(member =>
          look(member).catch(error => {
            if (isStatus(error, 'NotFound')) return false
            throw error
          }),
        ),
      )
    ).every(is => is)
  const gone = (look: Promise<unknown>) =>
    look.then(
      () => false,
      error => isStatus(error, 'NotFound'),
    )
  const web = {
    metadata: { name: 'web', namespace: SPACE },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          containers: [{ name: 'web', image: 'web:1', env: [{ name: 'A', value: '1' }] }],
        },
      },
    },
  } as object
  const at = { name: 'web', namespace: SPACE }

  test('a Deployment is shared out, changed, repaired, told of and taken away', async () => {
    const { client } = host
    await client.create(deployment, web)
    await until('two each', () =>
      all(async member => (await member.client.get(deployment, 'web', SPACE)).spec.replicas === 2),
    )
    await until('all told', async () => {
      const { status, metadata } = await client.get(deployment, 'web', SPACE)
      return status.readyReplicas === 4 && status.observedGeneration === metadata.generation
    })
    const containers = [{ name: 'web', image: 'web:2' }]
    await client.patch(deployment, at, 'merge', { spec: { template: { spec: { containers } } } })
    await until('what is not wished any more is gone', () =>
      all(async member => {
        const { spec } = await member.client.get(deployment, 'web', SPACE)
        const [container] = spec.template.spec?.containers ?? []
        return container?.image === 'web:2' && (container.env ?? []).length === 0
      }),
    )
    for (const member of members.values())
      await member.client.patch(deployment, at, 'merge', { spec: { replicas: 7 } })
    await until('repaired', () =>
      all(async member => (await member.client.get(deployment, 'web', SPACE)).spec.replicas === 2),
    )
    await until('complete', async () => {
      const { status, metadata } = await client.get(deployment, 'web', SPACE)
      const isNow = status.observedGeneration === metadata.generation
      return isNow && status.updatedReplicas === 4 && status.availableReplicas === 4
    })
    await client.delete(deployment, at)
    await until('gone', () => all(member => gone(member.client.get(deployment, 'web', SPACE))))
    await until('gone from the host', () => gone(client.get(deployment, 'web', SPACE)))
  })

  test('Services, Jobs and ConfigMaps: made and changed', async () => {
    const { client } = host
    await client.create(service, {
      ...{ metadata: { name: 'web', namespace: SPACE } },
      spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80 }] },
    } as object)
    await client.create(configMap, { ...{ metadata: at }, data: { a: '1', b: '2' } })
    await client.create(job, {
      metadata: at,
      spec: {
        completions: 4,
        suspend: true,
        template: {
          spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a:1' }] },
        },
      },
    } as object)
    await until('placed', () =>
      all(async member => {
        const { spec } = await member.client.get(job, 'web', SPACE)
        await member.client.get(service, 'web', SPACE)
        await member.client.get(configMap, 'web', SPACE)
        return spec.completions === 2
      }),
    )
    await client.patch(service, at, 'merge', { spec: { selector: { app: 'other' } } })
    await client.patch(configMap, at, 'merge', { data: { a: null, b: '3' } })
    await client.patch(job, at, 'merge', { spec: { activeDeadlineSeconds: 1_000 } })
    await until('changed', () =>
      all(async member => {
        const { data } = await member.client.get(configMap, 'web', SPACE)
        const { spec } = await member.client.get(job, 'web', SPACE)
        const { selector } = (await member.client.get(service, 'web', SPACE)).spec
        assert.ok(spec.completions === 2)
        return (
          JSON.stringify(data) === '{"b":"3"}' &&
          spec.activeDeadlineSeconds === 1_000 &&
          selector?.app === 'other'
        )
      }),
    )
    await client.delete(namespace, { name: SPACE })
    await until('all gone', () => all(member => gone(member.client.get(namespace, SPACE))), 60_000)
    await until('gone from the host', () => gone(client.get(namespace, SPACE)), 60_000)
  })

  test('a Service of one is imported by the other, with an address there and its endpoints', async () => {
    await until('a namespace', () =>
      host.client.create(namespace, { metadata: { name: SPACE } }).then(() => true),
    )
    for (const [name, member] of members) {
      const other = name === 'ours' ? 'theirs' : 'ours'
      const to = members.get(other) as MixedCluster
      const front = { name: `from-${name}`, namespace: SPACE }
      const ports = [{ name: 'http', port: 80, protocol: 'TCP' }]
      const slice = {
        metadata: {
          ...{ name: front.name, namespace: SPACE },
          labels: { 'kubernetes.io/service-name': front.name },
        },
        addressType: 'IPv4',
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready: true } }],
      }
      await until('there is the namespace', async () => {
        await member.client.get(namespace, SPACE)
        await to.client.get(namespace, SPACE)
        return true
      })
      await member.client.create(service, { metadata: front, spec: { ports } } as object)
      await member.client.create(endpointSlice, slice as object)
      await member.client.create(serviceExport, { metadata: front } as object)
      await until(`imported from ${name}`, async () => {
        const { spec, metadata } = (await to.client.get(
          serviceImport,
          front.name,
          SPACE,
        )) as unknown as ServiceImport
        const derived = metadata.annotations?.['multicluster.kubernetes.io/derived-service'] ?? ''
        const { clusterIP } = (await to.client.get(service, derived, SPACE)).spec
        const { items } = await to.client.list(endpointSlice, {
          namespace: SPACE,
          labelSelector: `kubernetes.io/service-name=${derived}`,
        })
        const [endpoint] = items[0]?.endpoints ?? []
        return (
          clusterIP !== undefined &&
          spec.ips?.join() === clusterIP &&
          items.length === 1 &&
          endpoint?.addresses[0] === '10.1.2.3'
        )
      })
      await until('told', async () => {
        const { status } = (await member.client.get(
          serviceExport,
          front.name,
          SPACE,
        )) as unknown as ServiceExport
        const told = status?.conditions?.map(({ type, status }) => `${type}=${status}`)
        return told?.join() === 'Valid=True,Ready=True,Conflict=False'
      })
      await member.client.delete(serviceExport, front)
      await until('gone', () =>
        all(async each => {
          const left = await each.client.list(endpointSlice, {
            namespace: SPACE,
            labelSelector: `multicluster.kubernetes.io/service-name=${front.name}`,
          })
          return (
            left.items.length === 0 &&
            (await gone(each.client.get(serviceImport, front.name, SPACE)))
          )
        }),
      )
    }
  })
})
