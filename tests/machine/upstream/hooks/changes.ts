/** What webhooks may change of requests of all sorts, and what comes of it. */

import { ASKED_TWICE } from './matching.ts'
import {
  apply,
  DEFINITION,
  DEPLOYMENTS,
  del,
  deployment,
  differing,
  get,
  hooks,
  IN_DEFAULT,
  jsonPatch,
  MAPS,
  mergePatch,
  mutating,
  named,
  PODS,
  pod,
  post,
  put,
  rule,
  type Scene,
  strategicPatch,
  thing,
  things,
  validating,
} from './scenes.ts'
import { type Behaviour, patchOf } from './server.ts'

const add = (path: string, value: unknown) => ({ op: 'add', path, value })
const patching =
  (...operations: object[]): Behaviour =>
  () => ({ response: patchOf(...operations) })
const on = (resources: string[], operations = ['CREATE', 'UPDATE'], more: object = {}) => ({
  rules: [rule(resources, { operations, ...more })],
})
const THINGS = { apiGroups: ['hooks.example.com'] }
const things2 = { matchPolicy: 'Equivalent' }
const LABELS = { labels: { a: 'b' } }
const sized = (name: string, replicas: number) => ({ ...named(name), spec: { replicas } })

const ODD_THINGS = [
  'size',
  'unknown',
  'kind',
  'version',
  'group',
  'no-kind',
  'no-version',
  'name',
  'no-metadata',
  'status',
  'wrong-labels',
  'wrong-label',
]
const UNREAD =
  'upstream drops labels of a custom object that it cannot read, or does not, by the version'
const ODD: Readonly<Record<string, string>> = {
  unknown: 'Proa shows what will be stored, upstream also what it drops from it then',
  'wrong-labels': UNREAD,
  'wrong-label': UNREAD,
}

export const CHANGES: Readonly<Record<string, Scene>> = {
  'parts of objects are changed': {
    before: [DEFINITION],
    behaviours: {
      replicas: patching(add('/spec/replicas', 7)),
      phase: patching(
        add('/status/message', 'by a webhook'),
        add('/spec/activeDeadlineSeconds', 5),
      ),
      annotation: patching(add('/metadata/annotations', { by: 'webhook' })),
      grace: patching(add('/deleteOptions', { gracePeriodSeconds: 7 })),
      audience: patching(add('/spec/audiences', ['webhook'])),
      user: patching(add('/spec/user', 'system:anonymous'), { op: 'remove', path: '/spec/groups' }),
      ephemeral: patching(add('/spec/ephemeralContainers/0/image', 'changed')),
      token: patching(add('/spec/token', 'changed')),
      finalizer: patching(add('/spec/finalizers', ['example.com/more'])),
    },
    configurations: [
      mutating(
        'parts',
        hooks({
          replicas: on(['*/scale']),
          phase: on(['pods/status']),
          annotation: on(['pods/binding', 'bindings', 'secrets']),
          grace: on(['pods/eviction']),
          audience: on(['serviceaccounts/token']),
          user: on(['subjectaccessreviews']),
          ephemeral: on(['pods/ephemeralcontainers']),
          token: on(['tokenreviews']),
          finalizer: on(['namespaces/finalize']),
        }),
      ),
      validating('parts', hooks({ look: {} })),
    ],
    asks: [
      post(DEPLOYMENTS, deployment('d')),
      put(`${DEPLOYMENTS}/d/scale`, sized('d', 2)),
      mergePatch(`${DEPLOYMENTS}/d/scale?fieldManager=me`, { spec: { replicas: 3 } }),
      get(`${DEPLOYMENTS}/d`),
      del(`${DEPLOYMENTS}/d`),
      post(PODS, pod('p')),
      mergePatch(`${PODS}/p/status`, { status: { reason: 'R' } }),
      put(`${PODS}/p/status`, { ...pod('p'), status: { reason: 'S' } }),
      strategicPatch(`${PODS}/p/ephemeralcontainers`, {
        spec: { ephemeralContainers: [{ name: 'e', image: 'i' }] },
      }),
      post(`${PODS}/p/binding`, { ...named('p'), target: { kind: 'Node', name: 'n' } }),
      get(`${PODS}/p`),
      post(`${PODS}/p/eviction`, named('p')),
      get(`${PODS}/p`),
      differing(del(`${PODS}/p?gracePeriodSeconds=0`), ASKED_TWICE),
      post(`${IN_DEFAULT}/secrets`, named('s')),
      post('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        spec: {
          user: 'x',
          groups: ['system:masters'],
          resourceAttributes: { verb: 'get', resource: 'pods' },
        },
      }),
      post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: 'x' } }),
      post(things('v1'), thing('v1', 's')),
      differing(
        put(`${things('v1')}/s/scale`, sized('s', 2)),
        'upstream forgets who sized a custom object when a webhook changes the size',
      ),
      post('/api/v1/namespaces', named('finals')),
      put('/api/v1/namespaces/finals/finalize', {
        ...named('finals'),
        spec: { finalizers: ['kubernetes'] },
      }),
      del('/api/v1/namespaces/finals'),
    ],
  },
  'what is not written is not changed': {
    behaviours: {
      label: patching(add('/metadata/labels', { by: 'webhook' })),
      nothing: patching(),
      path: patching(add('/path', '/other')),
    },
    configurations: [
      mutating(
        'not',
        hooks({
          nothing: on(['configmaps'], ['DELETE']),
          label: on(['secrets'], ['DELETE']),
        }),
      ),
    ],
    asks: [
      post(MAPS, named('m')),
      del(`${MAPS}/m`),
      post(`${IN_DEFAULT}/secrets`, named('u')),
      del(`${IN_DEFAULT}/secrets/u`),
    ],
  },
  'custom resources are changed in either version': {
    before: [DEFINITION],
    behaviours: {
      first: patching(add('/metadata/labels/first', 'yes')),
      second: ({ object }) => ({
        response: patchOf(
          ...(object?.metadata?.labels ? [] : [add('/metadata/labels', {})]),
          add('/metadata/labels/second', object?.apiVersion?.split('/')[1] ?? 'none'),
        ),
      }),
      size: patching(add('/spec/replicas', 'many')),
      unknown: patching(add('/spec/more', 1), add('/more', { a: 1 })),
      kind: patching(add('/kind', 'Other')),
      version: patching(add('/apiVersion', 'hooks.example.com/v2')),
      group: patching(add('/apiVersion', 'example.com/v1')),
      'no-kind': patching({ op: 'remove', path: '/kind' }),
      'no-version': patching({ op: 'remove', path: '/apiVersion' }),
      name: patching(add('/metadata/name', 'other')),
      'no-metadata': patching({ op: 'remove', path: '/metadata' }),
      status: patching(add('/status', { replicas: 9 })),
      'wrong-labels': patching(add('/metadata/labels', 5)),
      'wrong-label': patching(add('/metadata/labels', { a: 5 })),
    },
    configurations: [
      mutating(
        'first',
        hooks({
          second: { ...on(['things'], undefined, { ...THINGS, apiVersions: ['v2'] }), ...things2 },
          first: on(['things'], undefined, { ...THINGS, apiVersions: ['v1'] }),
        }),
      ),
      mutating(
        'odd',
        hooks(
          Object.fromEntries(
            ODD_THINGS.map(name => [
              name,
              {
                ...on(['things'], undefined, { ...THINGS, apiVersions: ['v1'] }),
                objectSelector: { matchLabels: { case: name } },
              },
            ]),
          ),
        ),
      ),
      validating(
        'look',
        hooks({ look: on(['things'], ['*'], { ...THINGS, apiVersions: ['v1'] }) }),
      ),
    ],
    asks: [
      post(things('v1'), thing('v1', 't')),
      post(things('v2'), thing('v2', 'u')),
      mergePatch(`${things('v2')}/t`, { spec: { replicas: 2 } }),
      apply(`${things('v2')}/u?fieldManager=me`, thing('v2', 'u', { spec: { kind: 'large' } })),
      apply(`${things('v1')}/w?fieldManager=me`, thing('v1', 'w')),
      ...ODD_THINGS.flatMap(name =>
        ['v1', 'v2'].map(version => {
          const metadata = { name: `${name}-${version}`, labels: { case: name } }
          const asked = post(things(version), thing(version, metadata.name, { metadata }))
          const why = ODD[name]
          return why === undefined ? asked : differing(asked, why)
        }),
      ),
      get(`${things('v1')}/t`),
      get(`${things('v1')}/w`),
    ],
  },
  'updates are shown as they were sent, and the server keeps what is its own': {
    behaviours: {
      uid: patching(add('/metadata/uid', 'other')),
      revision: patching(add('/metadata/resourceVersion', '1')),
      generation: patching(add('/metadata/generation', 77)),
      name: patching(add('/metadata/name', 'other')),
      namespace: patching(add('/metadata/namespace', 'kube-system')),
      status: patching(add('/status', { replicas: 9 })),
      finalizer: patching(add('/metadata/finalizers', ['example.com/f'])),
      owners: patching(add('/metadata/managedFields', [])),
      node: patching(add('/spec/nodeName', 'n')),
    },
    configurations: [
      mutating('look', hooks({ look: {} })),
      mutating(
        'odd',
        hooks(
          Object.fromEntries(
            [
              'uid',
              'revision',
              'generation',
              'name',
              'namespace',
              'status',
              'finalizer',
              'owners',
              'node',
            ].map(name => [
              name,
              { ...on(['*']), objectSelector: { matchLabels: { case: name } } },
            ]),
          ),
        ),
      ),
      validating('look', hooks({ look: {} })),
    ],
    asks: [
      post(DEPLOYMENTS, { ...deployment('d', { a: 'b' }), status: { replicas: 3 } }),
      put(`${DEPLOYMENTS}/d`, { ...deployment('d', { a: 'c' }), status: { replicas: 4 } }),
      put(`${DEPLOYMENTS}/d/status`, { ...deployment('d', { a: 'd' }), status: { replicas: 5 } }),
      mergePatch(`${DEPLOYMENTS}/d/status`, {
        metadata: LABELS,
        spec: { paused: true },
        status: { replicas: 6 },
      }),
      mergePatch(`${DEPLOYMENTS}/d`, { spec: { paused: true }, status: { replicas: 7 } }),
      differing(
        apply(`${DEPLOYMENTS}/d?fieldManager=me&force=true`, {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          ...deployment('d'),
          status: { replicas: 8 },
        }),
        'Proa leaves out of what is applied what is not to be written, upstream shows it first',
      ),
      apply(`${DEPLOYMENTS}/d/status?fieldManager=me&force=true`, {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        ...named('d'),
        status: { replicas: 8 },
      }),
      ...[
        'uid',
        'revision',
        'generation',
        'status',
        'finalizer',
        'owners',
        'name',
        'namespace',
      ].flatMap(name => [
        put(`${DEPLOYMENTS}/d`, deployment('d', { case: name })),
        mergePatch(`${DEPLOYMENTS}/d`, { metadata: { labels: { case: name, x: 'y' } } }),
        put(`${DEPLOYMENTS}/d`, deployment('d', { case: 'none' })),
      ]),
      mergePatch(`${DEPLOYMENTS}/d`, { metadata: { finalizers: null, labels: { case: null } } }),
      del(`${DEPLOYMENTS}/d`),
      post(MAPS, {
        metadata: {
          name: 'm',
          uid: 'mine',
          creationTimestamp: '2020-01-01T00:00:00Z',
          deletionTimestamp: '2020-01-01T00:00:00Z',
          deletionGracePeriodSeconds: 4,
          selfLink: '/x',
          generation: 5,
          managedFields: [],
        },
      }),
      put(`${MAPS}/m`, {
        metadata: {
          name: 'm',
          creationTimestamp: '2020-01-01T00:00:00Z',
          generation: 9,
          selfLink: '/y',
        },
        data: { a: 'b' },
      }),
      put(`${MAPS}/m`, { metadata: { name: 'm', uid: 'mine' } }),
      jsonPatch(`${MAPS}/m`, [add('/metadata/generation', 5)]),
      del(`${MAPS}/m`),
      post(PODS, pod('q', { case: 'node' })),
      post(PODS, { ...pod('r'), status: { phase: 'Running' } }),
      differing(del(`${PODS}/r`), ASKED_TWICE),
      differing(del(`${PODS}/q?gracePeriodSeconds=0`), ASKED_TWICE),
    ],
  },
}
