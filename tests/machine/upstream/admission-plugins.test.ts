/** Admission plugins that are off by default, and what a file tells plugins: the same writes to both API servers. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { Both, type Question, type Said } from './access/both.ts'
import { type Review, Reviewer } from './access/reviewer.ts'
import { differing } from './access/said.ts'

const skip = etcdMissing() || kubeApiServerMissing()
const CONFIGURATION = {
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AdmissionConfiguration',
  plugins: [
    {
      name: 'PodSecurity',
      configuration: {
        apiVersion: 'pod-security.admission.config.k8s.io/v1',
        kind: 'PodSecurityConfiguration',
        defaults: { enforce: 'baseline', 'enforce-version': 'v1.30', warn: 'restricted' },
        exemptions: { namespaces: ['free'], usernames: ['ali'], runtimeClasses: ['kata'] },
      },
    },
    {
      name: 'PodNodeSelector',
      configuration: {
        podNodeSelectorPluginConfig: {
          clusterDefaultNodeSelector: 'zone=a',
          free: 'zone=a,disk=ssd',
        },
      },
    },
    {
      name: 'EventRateLimit',
      configuration: {
        apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1',
        kind: 'Configuration',
        limits: [
          { type: 'Namespace', qps: 1, burst: 3, cacheSize: 10 },
          { type: 'SourceAndObject', qps: 1, burst: 1 },
        ],
      },
    },
  ],
}

const create = (path: string, body: object, user?: string): Question => ({
  method: 'POST',
  path,
  body,
  ...(user ? { token: `${user}-token` } : { asAdmin: true }),
})
const container = { name: 'main', image: 'x', terminationMessagePolicy: 'File' }
const pod = (name: string, spec: object = {}, namespace = 'default', user?: string) =>
  create(
    `/api/v1/namespaces/${namespace}/pods`,
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace },
      spec: { containers: [container], ...spec },
    },
    user,
  )
const namespace = (name: string, annotations = {}, labels = {}) =>
  create('/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, annotations, labels },
  })
const service = (
  name: string,
  externalIPs: string[],
  method: 'POST' | 'PUT' = 'POST',
): Question => ({
  method,
  path: `/api/v1/namespaces/default/services${method === 'PUT' ? `/${name}` : ''}`,
  asAdmin: true,
  body: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { externalIPs, type: 'ExternalName', externalName: 'x.example' },
  },
})
const event = (name: string, of: string) =>
  create('/api/v1/namespaces/default/events', {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name },
    involvedObject: { kind: 'Pod', name: of, namespace: 'default' },
    reason: 'Test',
    source: { component: 'test' },
  })
const antiAffinity = (topologyKey: string) => ({
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { a: 'b' } }, topologyKey },
      ],
    },
  },
})
const asking = (requests: object) => ({
  containers: [{ ...container, resources: { requests, limits: requests } }],
})

/** What whoever may change a namespace may write there. */
const ODD_TOLERATIONS = [
  '',
  'null',
  '[]',
  '[null]',
  '{}',
  '[1]',
  '[[]]',
  '[{"key":5}]',
  '[{"key":"a","operator":"Nonsense"}]',
  '[{"key":"a","effect":{}}]',
  '[{"key":"a","tolerationSeconds":"5"}]',
  '[{"key":"a","operator":"Exists","unknown":1}]',
  '[{"KEY":"a","Operator":"Exists"}]',
  '[{"key":"constructor","operator":"Exists"}]',
]
const ODD_SELECTORS = [
  '',
  'a',
  'a=',
  '=b',
  'a==b',
  'a!=b',
  'a in (b)',
  'a=b,a=c',
  'constructor=x',
  'a b=c',
  'a=b,',
  'A_/b=c',
]

const WRITES: readonly Question[] = [
  namespace('free'),
  namespace('open', {}, { 'pod-security.kubernetes.io/enforce': 'privileged' }),
  namespace('picky', { 'scheduler.alpha.kubernetes.io/node-selector': 'zone=b, disk=ssd' }),
  namespace('wrong', {}, { 'pod-security.kubernetes.io/enforce': 'foo' }),
  pod('plain'),
  pod('pulled', { containers: [{ ...container, imagePullPolicy: 'Never' }] }),
  pod('image', { volumes: [{ name: 'v', image: { reference: 'x', pullPolicy: 'Never' } }] }),
  pod('network', { hostNetwork: true }),
  pod('network', { hostNetwork: true }, 'free'),
  pod('network', { hostNetwork: true }, 'open'),
  pod('mine', { hostNetwork: true }, 'default', 'ali'),
  pod('other', { hostNetwork: true }, 'default', 'bea'),
  pod('zone', antiAffinity('topology.kubernetes.io/zone')),
  pod('host', antiAffinity('kubernetes.io/hostname')),
  pod('device', asking({ 'example.com/gpu': '1', cpu: '1', 'example.com/a': '2' })),
  pod('here', { nodeSelector: { zone: 'b' } }),
  pod('there', { nodeSelector: { zone: 'a', disk: 'hdd' } }, 'free'),
  pod('fine', { nodeSelector: { disk: 'ssd' } }, 'free'),
  pod('picked', {}, 'picky'),
  pod('unpicked', { nodeSelector: { zone: 'c' } }, 'picky'),
  pod('nowhere', {}, 'missing'),
  namespace('constructor'),
  pod('there', {}, 'constructor'),
  pod('labelled', { nodeSelector: { zone: 'a', constructor: 'x' } }, 'constructor'),
  ...ODD_SELECTORS.flatMap((text, i) => [
    namespace(`odd-${i}`, { 'scheduler.alpha.kubernetes.io/node-selector': text }),
    pod('odd', {}, `odd-${i}`),
  ]),
  service('plain', []),
  service('external', ['1.2.3.4']),
  service('plain', ['1.2.3.4'], 'PUT'),
  event('one', 'a'),
  event('two', 'a'),
  event('three', 'b'),
  event('four', 'c'),
  { method: 'DELETE', path: '/api/v1/namespaces/missing/pods/x', asAdmin: true },
]

/** Without what each server makes up itself. */
const steady = ({ status, body }: Said): Said => ({
  status,
  body: JSON.parse(
    JSON.stringify(body, (name, value) =>
      ['uid', 'clusterIP', 'clusterIPs', 'name'].includes(name) &&
      typeof value === 'string' &&
      /^(kube-api-access-.*|[0-9a-f-]{36})$/.test(value)
        ? ''
        : value,
    ),
  ),
})

async function compare(both: Both, writes: readonly Question[]): Promise<string[]> {
  const different: string[] = []
  let refused = 0
  for (const write of writes) {
    const [upstream, proa] = await both.both(write)
    if (upstream.status >= 400) refused++
    const { spec: one, ...rest } = steady(upstream).body
    const { spec: other, ...others } = steady(proa).body
    const whole = (spec: unknown, more: object, status: number): Said => ({
      status,
      body: { ...more, shown: spec },
    })
    const what = `${write.path} ${JSON.stringify(write.body ?? '').slice(0, 200)}`
    different.push(
      ...differing(what, [whole(one, rest, upstream.status), whole(other, others, proa.status)]),
    )
  }
  assert.ok(refused > 0 && refused < writes.length, `${refused} were refused`)
  return different
}

/** What it says of images, by their names. */
function judgeImages(path: string, { spec }: Review): object | number {
  const images = spec.containers.map(({ image }: { image: string }) => image)
  if (images.includes('trouble')) return 404
  if (images.includes('bad')) return { allowed: false, reason: `${path} knows bad ones` }
  return { allowed: !images.includes('silent') }
}

describe('a webhook for images', { skip }, () => {
  const both = new Both()
  let reviewer: Reviewer
  before(async () => {
    reviewer = await Reviewer.start(judgeImages)
    const file = both.file('images.yaml', {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AdmissionConfiguration',
      plugins: [
        {
          name: 'ImagePolicyWebhook',
          configuration: {
            imagePolicy: {
              kubeConfigFile: both.file('hook.conf', reviewer.kubeconfig('/images')),
              allowTTL: 5,
              denyTTL: 5,
              retryBackoff: 100,
              defaultAllow: false,
            },
          },
        },
      ],
    })
    await both.start([
      `--admission-control-config-file=${file}`,
      '--enable-admission-plugins=ImagePolicyWebhook',
      '--disable-admission-plugins=ServiceAccount',
    ])
  })
  after(async () => {
    await both.stop()
    await reviewer.close()
  })

  test('is asked the same, and its word counts', async () => {
    const of = (...images: string[]) => ({
      containers: images.map((image, i) => ({ ...container, name: `c${i}`, image })),
    })
    const annotated = pod('annotated')
    const writes = [
      pod('good', of('good', 'fine')),
      pod('bad', of('good', 'bad')),
      pod('again', of('good', 'bad')),
      pod('silent', of('silent')),
      pod('trouble', of('trouble')),
      pod('init', { initContainers: [{ ...container, name: 'first', image: 'bad' }] }),
      create(annotated.path, {
        ...annotated.body,
        metadata: {
          name: 'annotated',
          annotations: { 'mine.image-policy.k8s.io/ticket': '7', other: 'x' },
        },
      }),
    ]
    assert.deepEqual(await compare(both, writes), [])
    const asked = (isUpstream: boolean) =>
      reviewer.asked
        .filter(each => each.isUpstream === isUpstream)
        .map(({ review }) => [review.apiVersion, review.kind, review.spec])
    assert.deepEqual(asked(false), asked(true))
    assert.equal(asked(true).length, 6)
  })
})

describe('admission plugins', { skip }, () => {
  const both = new Both()
  before(async () => {
    const tokens = both.file(
      'tokens.csv',
      'ali-token,ali,1,"system:masters"\nbea-token,bea,2,"system:masters"\n',
    )
    const file = both.file('admission.yaml', CONFIGURATION)
    await both.start([
      `--token-auth-file=${tokens}`,
      `--admission-control-config-file=${file}`,
      '--enable-admission-plugins=AlwaysAdmit,AlwaysPullImages,DenyServiceExternalIPs,EventRateLimit,ExtendedResourceToleration',
      '--enable-admission-plugins=LimitPodHardAntiAffinityTopology,NamespaceExists,PodNodeSelector',
      '--disable-admission-plugins=ServiceAccount,DefaultTolerationSeconds',
    ])
  })
  after(() => both.stop())

  test('change and refuse the same', async () => {
    assert.deepEqual(await compare(both, WRITES), [])
  })
})

const RESTRICTIONS = {
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AdmissionConfiguration',
  plugins: [
    {
      name: 'PodTolerationRestriction',
      configuration: {
        apiVersion: 'podtolerationrestriction.admission.k8s.io/v1alpha1',
        kind: 'Configuration',
        default: [{ key: 'file', operator: 'Exists', effect: 'NoSchedule' }],
        whitelist: [
          { key: 'file', operator: 'Exists' },
          { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists' },
          { key: 'timed', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 },
        ],
      },
    },
    {
      name: 'ResourceQuota',
      configuration: {
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'ResourceQuotaConfiguration',
        limitedResources: [
          { resource: 'pods', matchContains: ['ephemeral-storage'] },
          {
            resource: 'pods',
            matchScopes: [
              { scopeName: 'PriorityClass', operator: 'In', values: ['system-node-critical'] },
            ],
          },
          { apiGroup: 'apps', resource: 'deployments', matchContains: ['count/deployments.apps'] },
        ],
      },
    },
  ],
}

const owned = (
  name: string,
  owner: object,
  { namespace: at = 'default', user }: { namespace?: string; user?: string } = {},
) =>
  create(
    `/api/v1/namespaces/${at}/configmaps`,
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, ownerReferences: [{ name: 'o', uid: 'u', ...owner }] },
    },
    user,
  )
const TOLERATIONS = 'scheduler.alpha.kubernetes.io/'
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' }
const role = (name: string, rules: object[]) =>
  create('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name },
    rules,
  })
const binding = (name: string, user: string) =>
  create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  })

const RESTRICTED: readonly Question[] = [
  pod('there', {}, 'made-by-a-pod'),
  { method: 'GET', path: '/api/v1/namespaces/made-by-a-pod', asAdmin: true },
  { ...pod('tried', {}, 'tried'), path: '/api/v1/namespaces/tried/pods?dryRun=All' },
  { method: 'GET', path: '/api/v1/namespaces/tried', asAdmin: true },
  { method: 'DELETE', path: '/api/v1/namespaces/no-such/pods/x', asAdmin: true },
  role('writer', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'update'] }]),
  binding('writer', 'bea'),
  role('deleter', [
    { apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'update', 'delete'] },
    { apiGroups: ['apps'], resources: ['deployments/finalizers'], verbs: ['update'] },
  ]),
  binding('deleter', 'ali'),
  owned('a', DEPLOYMENT, { user: 'bea' }),
  owned('a', DEPLOYMENT, { user: 'ali' }),
  owned('b', { ...DEPLOYMENT, blockOwnerDeletion: true }, { user: 'ali' }),
  owned(
    'c',
    { apiVersion: 'apps/v1', kind: 'ReplicaSet', blockOwnerDeletion: true },
    { user: 'ali' },
  ),
  owned('d', { apiVersion: 'v9', kind: 'Odd', blockOwnerDeletion: true }, { user: 'ali' }),
  pod('plain'),
  pod('asking', asking({ cpu: '1' })),
  pod('timed', {
    tolerations: [{ key: 'timed', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 }],
  }),
  pod('late', {
    tolerations: [{ key: 'timed', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 90 }],
  }),
  pod('other', { tolerations: [{ key: 'other', operator: 'Exists' }] }),
  namespace('own', {
    [`${TOLERATIONS}defaultTolerations`]: '[{"key":"own","value":"x","effect":"NoSchedule"}]',
    [`${TOLERATIONS}tolerationsWhitelist`]: '[{"operator":"Exists"}]',
  }),
  pod('own', { tolerations: [{ key: 'other', operator: 'Exists' }] }, 'own'),
  pod('all', { tolerations: [{ operator: 'Exists' }] }, 'own'),
  namespace('broken', { [`${TOLERATIONS}defaultTolerations`]: '{' }),
  pod('broken', {}, 'broken'),
  ...ODD_TOLERATIONS.flatMap((text, i) => [
    namespace(`odd-${i}`, { [`${TOLERATIONS}defaultTolerations`]: text }),
    pod('odd', {}, `odd-${i}`),
    namespace(`strict-${i}`, { [`${TOLERATIONS}tolerationsWhitelist`]: text }),
    pod('strict', { tolerations: [{ key: 'other', operator: 'Exists' }] }, `strict-${i}`),
  ]),
  pod('disk', asking({ 'ephemeral-storage': '1Gi' })),
  pod('critical', { priorityClassName: 'system-node-critical' }, 'kube-system'),
  create('/apis/apps/v1/namespaces/default/deployments', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [container] } },
    },
  }),
]

describe('admission plugins that restrict', { skip }, () => {
  const both = new Both()
  before(async () => {
    const tokens = both.file('tokens.csv', 'ali-token,ali,1\nbea-token,bea,2\n')
    const file = both.file('admission.yaml', RESTRICTIONS)
    await both.start([
      `--token-auth-file=${tokens}`,
      `--admission-control-config-file=${file}`,
      '--enable-admission-plugins=NamespaceAutoProvision,OwnerReferencesPermissionEnforcement,PodTolerationRestriction',
      '--disable-admission-plugins=ServiceAccount,DefaultTolerationSeconds',
    ])
  })
  after(() => both.stop())

  test('change and refuse the same', async () => {
    assert.deepEqual(await compare(both, RESTRICTED), [])
  })
})
