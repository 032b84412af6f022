/** What users do: stories of one thing each, whose steps are told in their order but between those of all others. */
import { daemonSet } from '#api/apps/v1/daemon-set.ts'
import { deployment } from '#api/apps/v1/deployment.ts'
import { statefulSet } from '#api/apps/v1/stateful-set.ts'
import { horizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { cronJob } from '#api/batch/v1/cron-job.ts'
import { job } from '#api/batch/v1/job.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { endpoints } from '#api/core/v1/endpoints.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { node } from '#api/core/v1/node.ts'
import { persistentVolume } from '#api/core/v1/persistent-volume.ts'
import { persistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { replicationController } from '#api/core/v1/replication-controller.ts'
import { resourceQuota } from '#api/core/v1/resource-quota.ts'
import { secret } from '#api/core/v1/secret.ts'
import { service } from '#api/core/v1/service.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { podDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { clusterRole } from '#api/rbac/v1/cluster-role.ts'
import { resourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import { volumeAttributesClass } from '#api/storage/v1/volume-attributes-class.ts'
import type { Client } from '#client/client.ts'
import type { Nodes } from './nodes.ts'

export type Step = (client: Client, nodes: Nodes) => Promise<unknown>

const NAMESPACE = 'default'

const create =
  (kind: AnyKind, name: string, body: object = {}, metadata: object = {}): Step =>
  client =>
    client.create(kind, {
      metadata: {
        name,
        ...(kind.scope === 'Namespaced' ? { namespace: NAMESPACE } : {}),
        ...metadata,
      },
      ...body,
    } as never)

const patch =
  (kind: AnyKind, name: string, body: object): Step =>
  client =>
    client.patch(kind, { name, namespace: NAMESPACE }, 'strategic', body)

const remove =
  (kind: AnyKind, name: string): Step =>
  client =>
    client.delete(kind, {
      name,
      ...(kind.scope === 'Namespaced' ? { namespace: NAMESPACE } : {}),
    })

const scale = (kind: AnyKind, name: string, replicas: number) =>
  patch(kind, name, { spec: { replicas } })
const image = (kind: AnyKind, name: string, text: string) =>
  patch(kind, name, { spec: { template: { spec: { containers: [{ name: 'c', image: text }] } } } })

const template = (app: string, more: object = {}) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image: 'v1' }], ...more },
})
const workload = (app: string, more: object = {}, pods: object = {}) => ({
  spec: { selector: { matchLabels: { app } }, template: template(app, pods), ...more },
})
const jobSpec = (app: string, more: object = {}) => ({
  template: template(app, { restartPolicy: 'Never' }),
  ...more,
})

export const STORIES: Readonly<Record<string, readonly Step[]>> = {
  // Rolled out only, so that its surge and its budget can be judged at any time.
  web: [
    create(deployment, 'web', workload('web', { replicas: 3, strategy: rolling(1, 1) })),
    image(deployment, 'web', 'v2'),
    image(deployment, 'web', 'v3'),
    image(deployment, 'web', 'v2'),
  ],
  budget: [
    create(podDisruptionBudget, 'web', {
      spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } },
    }),
  ],
  service: [
    create(service, 'web', { spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } }),
    create(service, 'manual', { spec: { ports: [{ port: 80 }] } }),
    create(endpoints, 'manual', {
      subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] }],
    }),
  ],
  resized: [
    create(deployment, 'resized', workload('resized', { replicas: 2 })),
    scale(deployment, 'resized', 5),
    scale(deployment, 'resized', 1),
    scale(deployment, 'resized', 2),
  ],
  deleted: [
    create(deployment, 'deleted', workload('deleted', { replicas: 2 })),
    remove(deployment, 'deleted'),
  ],
  old: [
    create(replicationController, 'old', { spec: { replicas: 2, template: template('old') } }),
    scale(replicationController, 'old', 3),
  ],
  database: [
    create(statefulSet, 'db', workload('db', { replicas: 3, serviceName: 'db' })),
    image(statefulSet, 'db', 'v2'),
  ],
  agent: [
    create(daemonSet, 'agent', workload('agent', { updateStrategy: { type: 'RollingUpdate' } })),
    image(daemonSet, 'agent', 'v2'),
  ],
  once: [create(job, 'once', { spec: jobSpec('once', { completions: 3, parallelism: 2 }) })],
  forgotten: [
    create(job, 'forgotten', { spec: jobSpec('forgotten', { ttlSecondsAfterFinished: 1 }) }),
  ],
  clock: [
    create(cronJob, 'clock', {
      spec: {
        schedule: '* * * * *',
        successfulJobsHistoryLimit: 1,
        jobTemplate: { spec: jobSpec('clock') },
      },
    }),
  ],
  space: [
    create(namespace, 'space'),
    client => client.create(configMap, { metadata: { name: 'full', namespace: 'space' } }),
    remove(namespace, 'space'),
  ],
  quota: [
    create(resourceQuota, 'quota', { spec: { hard: { 'count/secrets': '5', services: '5' } } }),
  ],
  account: [
    client => client.create(namespace, { metadata: { name: 'kept' } }),
    async client =>
      client.delete(serviceAccount, { name: 'default', namespace: 'kept' }).catch(() => undefined),
  ],
  family: [
    create(configMap, 'parent'),
    async client => {
      const parent = await client.get(configMap, 'parent', NAMESPACE)
      const { uid = '' } = parent.metadata
      const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'parent', uid }
      return create(
        configMap,
        'child',
        {},
        { ownerReferences: [owner] },
      )(client, undefined as never)
    },
    remove(configMap, 'parent'),
  ],
  claim: [
    create(persistentVolumeClaim, 'used', {
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        storageClassName: '',
      },
    }),
    create(pod, 'user', {
      spec: {
        containers: [{ name: 'c', image: 'v1' }],
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'used' } }],
      },
    }),
    remove(persistentVolumeClaim, 'used'),
    remove(pod, 'user'),
  ],
  roles: [
    create(clusterRole, 'whole', {
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'yes' } }] },
      rules: [],
    }),
    create(
      clusterRole,
      'part',
      { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
      { labels: { part: 'yes' } },
    ),
  ],
  // Nobody serves metrics here, but the least is known without.
  scaled: [
    create(deployment, 'scaled', workload('scaled', { replicas: 1 })),
    create(horizontalPodAutoscaler, 'scaled', {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'scaled' },
        minReplicas: 2,
        maxReplicas: 4,
      },
    }),
  ],
  volume: [
    create(persistentVolume, 'disk', { spec: disk('disk') }),
    create(persistentVolumeClaim, 'bound', { spec: wish('disk') }),
    create(persistentVolume, 'spare', { spec: disk('spare') }),
    remove(persistentVolume, 'spare'),
  ],
  ephemeral: [
    create(pod, 'ephemeral', {
      spec: {
        containers: [{ name: 'c', image: 'v1' }],
        volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { spec: wish('nothing') } } }],
      },
    }),
  ],
  attributes: [
    create(volumeAttributesClass, 'gold', { driverName: 'd.example.com', parameters: { a: 'b' } }),
    remove(volumeAttributesClass, 'gold'),
  ],
  device: [
    create(resourceClaimTemplate, 'device', {
      spec: {
        spec: { devices: { requests: [{ name: 'one', exactly: { deviceClassName: 'gpu' } }] } },
      },
    }),
    create(pod, 'device', {
      spec: {
        containers: [{ name: 'c', image: 'v1' }],
        resourceClaims: [{ name: 'one', resourceClaimTemplateName: 'device' }],
      },
    }),
  ],
  tainted: [
    (_, nodes) => nodes.add('node-3'),
    create(pod, 'driven', {
      spec: { containers: [{ name: 'c', image: 'v1' }], nodeSelector: { only: 'node-3' } },
    }),
    patch(node, 'node-3', { spec: { taints: [{ key: 'out', effect: 'NoExecute' }] } }),
  ],
  tokens: [
    create(
      configMap,
      'cluster-info',
      { data: { kubeconfig: 'text of the cluster' } },
      { namespace: 'kube-public' },
    ),
    bootstrapToken('abcdef'),
    bootstrapToken('bygone', { expiration: '2020-01-01T00:00:00Z' }),
  ],
  // Its pods can only be removed by force when their node is gone.
  machine: [
    (_, nodes) => nodes.add('node-2'),
    create(pod, 'stray', {
      spec: { containers: [{ name: 'c', image: 'v1' }], nodeSelector: { only: 'node-2' } },
    }),
    async (client, nodes) => {
      const { spec } = await client.get(pod, 'stray', NAMESPACE)
      if (!spec.nodeName) throw new Error('it is not there yet')
      await nodes.remove('node-2')
    },
  ],
}

function rolling(maxSurge: number, maxUnavailable: number): object {
  return { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } }
}

function disk(name: string): object {
  return {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    storageClassName: name,
    hostPath: { path: '/nowhere' },
  }
}
function wish(storageClassName: string): object {
  return {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
    storageClassName,
  }
}

function bootstrapToken(id: string, more: Readonly<Record<string, string>> = {}): Step {
  const texts = {
    'token-id': id,
    'token-secret': 'abcdef1234567890',
    'usage-bootstrap-signing': 'true',
    ...more,
  }
  const data = Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  )
  return create(
    secret,
    `bootstrap-token-${id}`,
    { type: 'bootstrap.kubernetes.io/token', data },
    { namespace: 'kube-system' },
  )
}
