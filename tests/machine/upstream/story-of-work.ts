/** Work of every sort, from its beginning to its end: what runs to its end and what never does, a rollout, and deletions of all three sorts. */
import type { ApiEnd, Shown } from '../etcd/servers.ts'
import { type Story, until } from './story.ts'

const PLACE = 'story'
const CORE = `/api/v1/namespaces/${PLACE}`
const APPS = `/apis/apps/v1/namespaces/${PLACE}`
const BATCH = `/apis/batch/v1/namespaces/${PLACE}`
const SCALERS = `/apis/autoscaling/v2/namespaces/${PLACE}/horizontalpodautoscalers`
const BUDGETS = `/apis/policy/v1/namespaces/${PLACE}/poddisruptionbudgets`
const ROLES = '/apis/rbac.authorization.k8s.io/v1/clusterroles'
const POLICIES = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies'

/** Collections whose objects are told. */
const COLLECTIONS: readonly string[] = [
  ...['configmaps', 'endpoints', 'persistentvolumeclaims', 'pods', 'replicationcontrollers'].map(
    name => `${CORE}/${name}`,
  ),
  ...['resourcequotas', 'secrets', 'serviceaccounts'].map(name => `${CORE}/${name}`),
  ...['controllerrevisions', 'daemonsets', 'deployments', 'replicasets', 'statefulsets'].map(
    name => `${APPS}/${name}`,
  ),
  SCALERS,
  `${BATCH}/cronjobs`,
  `${BATCH}/jobs`,
  `/apis/discovery.k8s.io/v1/namespaces/${PLACE}/endpointslices`,
  BUDGETS,
  '/api/v1/persistentvolumes',
  `${ROLES}?labelSelector=story`,
  `${POLICIES}?labelSelector=story`,
]

const small = { resources: { requests: { cpu: '10m' } } }
const selecting = (app: string) => ({ selector: { matchLabels: { app } } })

const template = (app: string, container: object = small, more: object = {}) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image: 'web:1', ...container }], ...more },
})

/** A pod that runs a command to its end. */
const runs = (script: string) => ({
  spec: {
    restartPolicy: 'Never',
    containers: [{ name: 'main', image: 'sh', command: ['sh', '-c', script], ...small }],
  },
})

const job = (name: string, spec: object): readonly [string, object] => [
  `${BATCH}/jobs`,
  { metadata: { name }, spec: { backoffLimit: 0, ...spec } },
]

const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }

type Given = readonly [path: string, object: object]

const workloads: readonly Given[] = [
  [
    `${APPS}/deployments`,
    {
      metadata: { name: 'web' },
      spec: { replicas: 3, ...selecting('web'), template: template('web') },
    },
  ],
  [
    `${APPS}/deployments`,
    {
      metadata: { name: 'greedy' },
      spec: {
        ...selecting('greedy'),
        template: template('greedy', { resources: { requests: { cpu: '5' } } }),
      },
    },
  ],
  [
    `${APPS}/deployments`,
    {
      metadata: { name: 'paused' },
      spec: { paused: true, ...selecting('paused'), template: template('paused') },
    },
  ],
  [
    `${APPS}/statefulsets`,
    {
      metadata: { name: 'db' },
      spec: { serviceName: 'db', replicas: 2, ...selecting('db'), template: template('db') },
    },
  ],
  [
    `${APPS}/statefulsets`,
    {
      metadata: { name: 'kept' },
      spec: {
        serviceName: 'kept',
        replicas: 2,
        podManagementPolicy: 'Parallel',
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' },
        ...selecting('kept'),
        template: template('kept'),
        volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claim }],
      },
    },
  ],
  [
    `${APPS}/daemonsets`,
    {
      metadata: { name: 'agent' },
      spec: { ...selecting('agent'), template: template('agent') },
    },
  ],
  [
    `${CORE}/replicationcontrollers`,
    { metadata: { name: 'old' }, spec: { selector: { app: 'old' }, template: template('old') } },
  ],
]

const jobs: readonly Given[] = [
  job('sums', {
    completions: 3,
    parallelism: 1,
    completionMode: 'Indexed',
    template: runs('true'),
  }),
  job('fails', { template: runs('false') }),
  job('waits', { suspend: true, template: runs('true') }),
  job('gone', { ttlSecondsAfterFinished: 1, template: runs('true') }),
  job('judged', {
    backoffLimit: 3,
    podFailurePolicy: {
      rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [3] } }],
    },
    template: runs('exit 3'),
  }),
  job('enough', {
    completions: 2,
    parallelism: 1,
    completionMode: 'Indexed',
    successPolicy: { rules: [{ succeededIndexes: '0' }] },
    template: runs('true'),
  }),
  [
    `${BATCH}/jobs`,
    {
      metadata: { name: 'by-index' },
      spec: {
        completions: 2,
        parallelism: 1,
        completionMode: 'Indexed',
        backoffLimitPerIndex: 0,
        template: runs('false'),
      },
    },
  ],
  [
    `${BATCH}/cronjobs`,
    {
      metadata: { name: 'nightly' },
      spec: {
        schedule: '0 0 1 1 *',
        suspend: true,
        jobTemplate: { spec: { template: runs('true') } },
      },
    },
  ],
]

const network: readonly Given[] = [
  [
    `${CORE}/services`,
    { metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } },
  ],
  [
    `${CORE}/services`,
    {
      metadata: { name: 'db' },
      spec: { clusterIP: 'None', selector: { app: 'db' }, ports: [{ port: 5432 }] },
    },
  ],
  [`${CORE}/services`, { metadata: { name: 'outside' }, spec: { ports: [{ port: 80 }] } }],
  [
    `${CORE}/endpoints`,
    {
      metadata: { name: 'outside' },
      subsets: [{ addresses: [{ ip: '192.0.2.7' }], ports: [{ port: 80 }] }],
    },
  ],
]

const volumes: readonly Given[] = [
  [
    '/api/v1/persistentvolumes',
    {
      metadata: { name: 'story' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/story' },
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: 'by-hand',
      },
    },
  ],
  [
    `${CORE}/persistentvolumeclaims`,
    { metadata: { name: 'bound' }, spec: { ...claim, storageClassName: 'by-hand' } },
  ],
  [
    `${CORE}/persistentvolumeclaims`,
    { metadata: { name: 'classless' }, spec: { ...claim, storageClassName: 'nowhere' } },
  ],
  [
    `${CORE}/pods`,
    {
      metadata: { name: 'brief' },
      spec: {
        containers: [{ name: 'main', image: 'web:1', ...small }],
        volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: claim } } }],
      },
    },
  ],
]

/** Before the pods that they are about. */
const budgets: readonly Given[] = [
  [BUDGETS, { metadata: { name: 'web' }, spec: { minAvailable: 2, ...selecting('web') } }],
  [BUDGETS, { metadata: { name: 'agent' }, spec: { maxUnavailable: 1, ...selecting('agent') } }],
  [BUDGETS, { metadata: { name: 'db' }, spec: { maxUnavailable: '50%', ...selecting('db') } }],
]

const others: readonly Given[] = [
  ...['web', 'nothing'].map(
    (name): Given => [
      SCALERS,
      {
        metadata: { name },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
          minReplicas: 3,
          maxReplicas: 5,
        },
      },
    ],
  ),
  [
    `${CORE}/secrets`,
    {
      metadata: { name: 'token', annotations: { 'kubernetes.io/service-account.name': 'default' } },
      type: 'kubernetes.io/service-account-token',
    },
  ],
  [
    ROLES,
    {
      metadata: { name: 'story-part', labels: { story: 'part' } },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    },
  ],
  [
    ROLES,
    {
      metadata: { name: 'story-whole', labels: { story: 'whole' } },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { story: 'part' } }] },
      rules: [],
    },
  ],
  [
    POLICIES,
    {
      metadata: { name: 'story', labels: { story: 'policy' } },
      spec: {
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: ['apps'],
              apiVersions: ['v1'],
              operations: ['CREATE'],
              resources: ['deployments'],
            },
          ],
        },
        validations: [{ expression: 'object.spec.replicas > "one"' }],
      },
    },
  ],
  [
    `${CORE}/pods`,
    {
      metadata: { name: 'nowhere' },
      spec: {
        nodeSelector: { disk: 'none' },
        containers: [{ name: 'main', image: 'web:1', ...small }],
      },
    },
  ],
]

const QUOTA = {
  metadata: { name: 'quota' },
  spec: { hard: { pods: '40', 'requests.cpu': '4', 'count/deployments.apps': '3' } },
}

const OBJECTS: readonly Given[] = [
  ...volumes,
  ...network,
  ...budgets,
  ...workloads,
  ...jobs,
  ...others,
]

/** Upstream's autoscaler looks a quarter of a minute later, and its binder of volumes again, where the claim came before the volume. */
async function hadTheirTurn(api: ApiEnd): Promise<boolean> {
  const scalers = await api.want('GET', SCALERS)
  const claim = await api.want('GET', `${CORE}/persistentvolumeclaims/bound`)
  return (
    claim.status.phase === 'Bound' &&
    scalers.items.every(({ status }: Shown) => status.conditions?.length > 0)
  )
}

async function begins(api: ApiEnd): Promise<void> {
  await api.want('POST', `${CORE}/resourcequotas`, QUOTA)
  await until('the quota is in force', async () => {
    const { status } = await api.want('GET', `${CORE}/resourcequotas/quota`)
    return status.used !== undefined
  })
  for (const [path, object] of OBJECTS) await api.want('POST', path, object)
  await until('the slow ones have had their turn', () => hadTheirTurn(api))
}

async function rollsOut(api: ApiEnd): Promise<void> {
  const image = { spec: { template: { spec: { containers: [{ name: 'main', image: 'web:2' }] } } } }
  for (const name of ['deployments/web', 'statefulsets/db', 'daemonsets/agent'])
    await api.want('PATCH', `${APPS}/${name}`, image, 'application/strategic-merge-patch+json')
}

async function isPartlyDeleted(api: ApiEnd): Promise<void> {
  const deletes = (path: string, propagationPolicy: string) =>
    api.want('DELETE', path, { propagationPolicy })
  await deletes(`${APPS}/deployments/web`, 'Foreground')
  await deletes(`${APPS}/statefulsets/db`, 'Orphan')
  await deletes(`${APPS}/statefulsets/kept`, 'Background')
  await deletes(`${BATCH}/jobs/sums`, 'Background')
  await api.want('DELETE', SCALERS)
}

export const storyOfWork: Story = {
  place: PLACE,
  collections: COLLECTIONS,
  hashed: ['web', 'db', 'kept', 'agent', 'greedy', 'paused'],
  suffixed: [
    ...['web', 'db', 'kept', 'agent', 'old', 'outside'],
    ...['sums', 'fails', 'judged', 'enough', 'by-index', 'gone'],
  ],
  chapters: [
    { name: 'running', happens: begins },
    { name: 'rolled out', happens: rollsOut },
    { name: 'partly deleted', happens: isPartlyDeleted },
  ],
}
