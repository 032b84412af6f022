/** A little of everything, as each of many namespaces has it. */
import type { ApiEnd } from '../etcd/servers.ts'
import { isThere, until } from './story.ts'

export const NAMESPACES = '/api/v1/namespaces'
const MERGE = 'application/merge-patch+json'

export const paths = (place: string) => {
  const within = (group: string) => `/apis/${group}/namespaces/${place}`
  return {
    self: `${NAMESPACES}/${place}`,
    core: `${NAMESPACES}/${place}`,
    apps: within('apps/v1'),
    batch: within('batch/v1'),
    budgets: `${within('policy/v1')}/poddisruptionbudgets`,
    policies: `${within('networking.k8s.io/v1')}/networkpolicies`,
    rbac: within('rbac.authorization.k8s.io/v1'),
  }
}

export const merge = (api: ApiEnd, path: string, patch: object) =>
  api.want('PATCH', path, patch, MERGE)
export const template = (image: string, more: object = {}) => ({
  metadata: { labels: { app: 'web' } },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'main', image, ...more }],
  },
})

/** Pods need their account first; all others come in any order. */
export async function fillOne(api: ApiEnd, place: string): Promise<void> {
  const { core, apps, batch, policies, rbac } = paths(place)
  await hasWhatAllHave(api, place)
  await api.want('POST', `${core}/limitranges`, {
    metadata: { name: 'limits' },
    spec: {
      limits: [{ type: 'Container', defaultRequest: { cpu: '10m' }, default: { cpu: '1' } }],
    },
  })
  // Of what controllers make again after it went, a count may be behind for minutes.
  await api.want('POST', `${core}/resourcequotas`, {
    metadata: { name: 'quota' },
    spec: { hard: { pods: '6', 'requests.cpu': '1', 'count/deployments.apps': '2', secrets: '3' } },
  })
  await until(`the quota of ${place} is in force`, async () => {
    const { status } = await api.want('GET', `${core}/resourcequotas/quota`)
    return status.used !== undefined
  })
  await api.want('POST', `${core}/serviceaccounts`, { metadata: { name: 'robot' } })
  await api.want('POST', `${rbac}/roles`, {
    metadata: { name: 'reader' },
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  })
  await api.want('POST', `${rbac}/rolebindings`, {
    metadata: { name: 'reader' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
    subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: place }],
  })
  await api.want('POST', policies, { metadata: { name: 'closed' }, spec: { podSelector: {} } })
  await api.want('POST', `${core}/configmaps`, {
    metadata: { name: 'settings' },
    data: { color: 'red' },
  })
  await api.want('POST', `${core}/secrets`, { metadata: { name: 'password' }, data: { a: 'YQ==' } })
  await api.want('POST', `${core}/services`, {
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  })
  await api.want('POST', '/api/v1/persistentvolumes', {
    metadata: { name: place },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: `/many/${place}` },
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: 'by-hand',
      claimRef: { namespace: place, name: 'data' },
    },
  })
  await until(`the volume of ${place} is there`, async () => {
    const { status } = await api.want('GET', `/api/v1/persistentvolumes/${place}`)
    return status.phase === 'Available'
  })
  await api.want('POST', `${core}/persistentvolumeclaims`, {
    metadata: { name: 'data' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: 'by-hand',
      volumeName: place,
    },
  })
  await api.want('POST', `${apps}/deployments`, {
    metadata: { name: 'web' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      template: template('web:1'),
    },
  })
  await api.want('POST', `${batch}/jobs`, {
    metadata: { name: 'sum' },
    spec: {
      template: {
        spec: {
          restartPolicy: 'Never',
          containers: [{ name: 'main', image: 'sh', command: ['sh', '-c', 'true'] }],
        },
      },
    },
  })
}

export const hasWhatAllHave = (api: ApiEnd, place: string) =>
  until(`${place} has what all have`, async () => {
    const names = ['serviceaccounts/default', 'configmaps/kube-root-ca.crt']
    const found = await Promise.all(
      names.map(name => isThere(api, `${NAMESPACES}/${place}/${name}`)),
    )
    return found.every(Boolean)
  })

export const isFull = (api: ApiEnd, place: string, replicas = 1) =>
  until(`${place} is full`, async () => {
    const { core, apps, batch } = paths(place)
    const { metadata, status } = await api.want('GET', `${apps}/deployments/web`)
    const job = await api.want('GET', `${batch}/jobs/sum`)
    const claim = await api.want('GET', `${core}/persistentvolumeclaims/data`)
    return (
      status.observedGeneration === metadata.generation &&
      status.availableReplicas === replicas &&
      status.updatedReplicas === replicas &&
      status.replicas === replicas &&
      job.status.succeeded === 1 &&
      claim.status.phase === 'Bound'
    )
  })
