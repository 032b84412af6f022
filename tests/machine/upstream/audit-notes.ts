/** What both audit logs note of admission, by webhooks, policies, pod security and in custom resources; in their order. */
import type { Audited } from './audited.ts'
import { type Configuration, GROUP } from './hooks/hooked.ts'
import { MAPS, named, pod, post, rule } from './hooks/scenes.ts'
import type { Behaviour } from './hooks/server.ts'

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64')

export const behaviours: Readonly<Record<string, Behaviour>> = {
  patches: () => ({
    response: {
      allowed: true,
      patchType: 'JSONPatch',
      patch: base64([{ op: 'add', path: '/data', value: { patched: 'yes' } }]),
      auditAnnotations: { said: 'by a webhook', 'not/well/named': 'x' },
    },
  }),
  'says-same': () => ({
    response: {
      allowed: true,
      patchType: 'JSONPatch',
      patch: base64([{ op: 'test', path: '/data/patched', value: 'yes' }]),
    },
  }),
  refuses: () => ({
    response: { allowed: false, status: { message: 'no' }, auditAnnotations: { why: 'because' } },
  }),
  notes: () => ({ response: { allowed: true, auditAnnotations: { seen: 'yes' } } }),
}

const onMaps = (label: string) => ({
  rules: [rule(['configmaps'], { operations: ['CREATE'] })],
  objectSelector: { matchLabels: { case: label } },
})
const BROKEN = { failurePolicy: 'Ignore', port: 1, timeoutSeconds: 2 }

export const configurations: readonly Configuration[] = [
  {
    kind: 'Mutating',
    name: 'bb',
    webhooks: [
      { name: 'elsewhere.bb.io', ...onMaps('nothing') },
      {
        name: 'patches.bb.io',
        does: 'patches',
        reinvocationPolicy: 'IfNeeded',
        ...onMaps('patched'),
      },
      { name: 'same.bb.io', does: 'says-same', ...onMaps('patched') },
      { name: 'open.bb.io', ...BROKEN, ...onMaps('open') },
      { name: 'refuses.bb.io', does: 'refuses', ...onMaps('refused') },
    ],
  },
  {
    kind: 'Validating',
    name: 'cc',
    webhooks: [
      { name: 'notes.cc.io', does: 'notes', ...onMaps('patched') },
      { name: 'other.cc.io', does: 'notes', ...onMaps('nothing') },
      { name: 'open.cc.io', ...BROKEN, ...onMaps('open') },
      { name: 'refuses.cc.io', does: 'refuses', ...onMaps('refused-late') },
    ],
  },
]

const labelled = (name: string, label: string): Audited => post(MAPS, named(name, { case: label }))

export const hooked: readonly Audited[] = [
  labelled('h1', 'patched'),
  labelled('h2', 'open'),
  labelled('h3', 'refused'),
  labelled('h4', 'refused-late'),
  labelled('h5', 'nobody'),
]

const constraints = {
  resourceRules: [
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] },
  ],
  objectSelector: { matchLabels: { case: 'judged' } },
}

/** Made at both before anything is asked. */
export const prepared: readonly Audited[] = [
  post(`${GROUP}/validatingadmissionpolicies`, {
    metadata: { name: 'judge' },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: constraints,
      validations: [
        { expression: 'object.metadata.name != "bad"', message: 'a bad name' },
        {
          expression: 'has(object.data)',
          messageExpression: '"no data in " + object.metadata.name',
        },
      ],
      auditAnnotations: [
        { key: 'named', valueExpression: '"it is " + object.metadata.name' },
        { key: 'never', valueExpression: 'null' },
      ],
    },
  }),
  post(`${GROUP}/validatingadmissionpolicybindings`, {
    metadata: { name: 'judge' },
    spec: { policyName: 'judge', validationActions: ['Audit', 'Warn'] },
  }),
  post('/api/v1/namespaces', {
    metadata: {
      name: 'safe',
      labels: {
        'pod-security.kubernetes.io/enforce': 'baseline',
        'pod-security.kubernetes.io/audit': 'restricted',
        'pod-security.kubernetes.io/warn': 'restricted',
      },
    },
  }),
  post('/api/v1/namespaces/safe/serviceaccounts', named('default')),
  post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'things.audited.example.com' },
    spec: {
      group: 'audited.example.com',
      scope: 'Namespaced',
      names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          deprecated: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  properties: { size: { type: 'integer', default: 3 }, text: { type: 'string' } },
                },
                status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              },
            },
          },
        },
      ],
    },
  }),
]

export const THINGS = '/apis/audited.example.com/v1/namespaces/default/things'
const thing = (name: string, spec: object = { text: 'a' }) => ({
  apiVersion: 'audited.example.com/v1',
  kind: 'Thing',
  metadata: { name },
  spec,
})
const MERGE = { 'content-type': 'application/merge-patch+json' }
const APPLY = { 'content-type': 'application/apply-patch+yaml' }
const SAFE = '/api/v1/namespaces/safe/pods'
const privileged = { ...pod('privileged') }

export const judged: readonly Audited[] = [
  labelled('good', 'judged'),
  labelled('bad', 'judged'),
  post(SAFE, pod('baseline')),
  post(SAFE, { ...privileged, spec: { ...privileged.spec, hostNetwork: true } }),
  post('/apis/apps/v1/namespaces/safe/deployments', {
    ...named('d'),
    spec: {
      replicas: 0,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { ...pod('').spec, hostPID: true } },
    },
  }),
  post('/api/v1/namespaces/default/pods', pod('free')),
]

export const custom: readonly Audited[] = [
  post(THINGS, thing('t')),
  post(THINGS, thing('wrong', { size: 'x' })),
  { method: 'GET', path: `${THINGS}/t` },
  { method: 'GET', path: THINGS },
  { method: 'PUT', path: `${THINGS}/t/status`, body: { ...thing('t'), status: { a: 1 } } },
  { method: 'PUT', path: `${THINGS}/none`, body: thing('none') },
  { method: 'PATCH', path: `${THINGS}/t`, body: { spec: { text: 'b' } }, headers: MERGE },
  { method: 'PATCH', path: `${THINGS}/u?fieldManager=m`, body: thing('u'), headers: APPLY },
  { method: 'GET', path: `${THINGS}/t/scale` },
  { method: 'DELETE', path: `${THINGS}/t`, body: { propagationPolicy: 'Foreground' } },
  { method: 'DELETE', path: THINGS },
]

/** By a policy whose rules want little of some and nothing of others. */
export const ruled: readonly Audited[] = [
  post('/api/v1/namespaces/default/secrets', { ...named('s'), stringData: { a: 'b' } }),
  post(MAPS, named('requested')),
  { method: 'PATCH', path: `${MAPS}/requested`, body: { data: { a: 'b' } }, headers: MERGE },
  { method: 'GET', path: '/api/v1/namespaces/default/secrets?fieldSelector=metadata.name%3Ds' },
  { method: 'GET', path: '/api/v1/nodes', stages: ['ResponseComplete'] },
  { method: 'GET', path: '/healthz', stages: [] },
  { method: 'GET', path: '/readyz?verbose' },
  { method: 'GET', path: `${MAPS}/requested` },
  { method: 'GET', path: `${MAPS}?watch=1&timeoutSeconds=1` },
  post('/api/v1/namespaces/default/serviceaccounts', named('trimmed')),
  {
    method: 'GET',
    path: '/api/v1/namespaces/default/serviceaccounts?fieldSelector=metadata.name%3Dtrimmed',
  },
  {
    method: 'PATCH',
    path: '/api/v1/namespaces/default/serviceaccounts/trimmed?fieldManager=m',
    body: { apiVersion: 'v1', kind: 'ServiceAccount', ...named('trimmed', { a: 'b' }) },
    headers: APPLY,
  },
  {
    method: 'PATCH',
    path: '/api/v1/namespaces/default/serviceaccounts/trimmed/token',
    body: {},
    headers: MERGE,
  },
  post('/api/v1/namespaces/default/serviceaccounts/trimmed/token', {}),
]

export const rules = {
  omitStages: ['ResponseStarted'],
  rules: [
    { level: 'None', users: ['system:apiserver'] },
    { level: 'None', nonResourceURLs: ['/healthz*'] },
    { level: 'Metadata', resources: [{ group: '', resources: ['secrets', '*/token'] }] },
    {
      level: 'Metadata',
      verbs: ['list'],
      resources: [{ group: '', resources: ['nodes'] }],
      omitStages: ['RequestReceived'],
    },
    {
      level: 'RequestResponse',
      resources: [{ group: '', resources: ['serviceaccounts'] }],
      omitManagedFields: true,
    },
    { level: 'Request', namespaces: ['default'] },
    { level: 'Metadata' },
  ],
}
