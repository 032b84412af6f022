/** Every method on paths of every form, of custom and of built-in resources: most are there for a few methods alone. */
import type { Method } from '#client/transport.ts'
import type { Asked } from './pair.ts'

const schema = {
  openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
}
const GROUP = 'odd.example.com'
const definitionOf = (plural: string, kind: string, spec: object) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${GROUP}` },
  spec: { group: GROUP, names: { plural, kind }, ...spec },
})

/** One with all subresources and a version that is not served, one without any that is in no namespace. */
export const ODD_DEFINITIONS = [
  definitionOf('gadgets', 'Gadget', {
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema,
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
      },
      { name: 'v2', served: true, storage: false, schema },
      { name: 'v3', served: false, storage: false, schema },
    ],
  }),
  definitionOf('wholes', 'Whole', {
    scope: 'Cluster',
    versions: [{ name: 'v1', served: true, storage: true, schema }],
  }),
]

const object = (apiVersion: string, kind: string, more: object = {}) => ({
  apiVersion,
  kind,
  metadata: { name: 'odd' },
  ...more,
})
const gadget = object(`${GROUP}/v1`, 'Gadget', { spec: { replicas: 1 } })
const whole = object(`${GROUP}/v1`, 'Whole')
const map = object('v1', 'ConfigMap')
const space = object('v1', 'Namespace')
const scale = object('autoscaling/v1', 'Scale', { spec: { replicas: 2 } })

/** Objects that are there when the rest is asked. */
export const ODD_OBJECTS: readonly (readonly [path: string, body: object])[] = [
  [`/apis/${GROUP}/v1/namespaces/default/gadgets`, gadget],
  [`/apis/${GROUP}/v1/wholes`, whole],
  ['/api/v1/namespaces/default/configmaps', map],
]

const METHODS: readonly Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const MERGE = { 'content-type': 'application/merge-patch+json' }

function asked(method: Method, path: string, body: object): Asked {
  const query = ['GET', 'HEAD', 'OPTIONS'].includes(method) ? '' : '?dryRun=All'
  const at = { method, path: `${path}${query}` }
  if (method === 'POST' || method === 'PUT') return { ...at, body }
  return method === 'PATCH' ? { ...at, body: {}, headers: MERGE } : at
}

const OF_GADGETS = `/apis/${GROUP}/v1`
const GADGETS = `${OF_GADGETS}/namespaces/default/gadgets`
const renamed = <T extends object>(body: T) => ({ ...body, metadata: { name: 'other' } })

/** Where something may be, and what is sent there by those methods that send anything. */
const places: readonly (readonly [path: string, body: object])[] = [
  [`${OF_GADGETS}/gadgets`, renamed(gadget)],
  [`${OF_GADGETS}/gadgets/odd`, gadget],
  [GADGETS, renamed(gadget)],
  [`${GADGETS}/odd`, gadget],
  [`${GADGETS}/none`, { ...gadget, metadata: { name: 'none' } }],
  [`${GADGETS}/odd/status`, gadget],
  [`${GADGETS}/none/status`, { ...gadget, metadata: { name: 'none' } }],
  [`${GADGETS}/odd/scale`, scale],
  [`${GADGETS}/odd/nope`, gadget],
  [`${GADGETS}/odd/status/more`, gadget],
  [`${GADGETS}/odd/scale/more`, scale],
  [`${GADGETS}/odd/nope/more`, gadget],
  [`${OF_GADGETS}/namespaces/none/gadgets`, renamed(gadget)],
  [`/apis/${GROUP}/v2/namespaces/default/gadgets/odd`, { ...gadget, apiVersion: `${GROUP}/v2` }],
  [`/apis/${GROUP}/v2/namespaces/default/gadgets/odd/status`, gadget],
  [`/apis/${GROUP}/v2/namespaces/default/gadgets/odd/scale`, scale],
  [`/apis/${GROUP}/v3`, gadget],
  [`/apis/${GROUP}/v3/namespaces/default/gadgets`, gadget],
  [`/apis/${GROUP}/v4/namespaces/default/gadgets/odd`, gadget],
  [`${OF_GADGETS}/namespaces/default/wholes`, whole],
  [`${OF_GADGETS}/namespaces/default/wholes/odd`, whole],
  [`${OF_GADGETS}/namespaces/default`, gadget],
  [`${OF_GADGETS}/namespaces`, gadget],
  [`${OF_GADGETS}/namespaces/default/status`, gadget],
  [`${OF_GADGETS}/wholes`, renamed(whole)],
  [`${OF_GADGETS}/wholes/odd`, whole],
  [`${OF_GADGETS}/wholes/odd/status`, whole],
  [`${OF_GADGETS}/wholes/odd/scale`, scale],
  [`${OF_GADGETS}/wholes/`, renamed(whole)],
  [`${OF_GADGETS}/wholes/odd/`, whole],
  [`/apis/${GROUP}`, gadget],
  ['/api/v1/configmaps', renamed(map)],
  ['/api/v1/namespaces/default/configmaps', renamed(map)],
  ['/api/v1/namespaces/default/configmaps/odd', map],
  ['/api/v1/namespaces/default/configmaps/odd/status', map],
  ['/api/v1/namespaces/none/configmaps', renamed(map)],
  ['/api/v1/namespaces/default/nodes', map],
  ['/api/v1/configmaps/odd', map],
  ['/api/v1/namespaces', space],
  ['/api/v1/namespaces/none', { ...space, metadata: { name: 'none' } }],
  ['/api/v1/namespaces/none/status', { ...space, metadata: { name: 'none' } }],
  ['/api/v1/namespaces/none/finalize', { ...space, metadata: { name: 'none' } }],
  ['/api/v1/namespaces/default/bindings', object('v1', 'Binding', { target: { name: 'x' } })],
  ['/api/v1/namespaces/default/pods/none/binding', object('v1', 'Binding')],
  ['/api/v1/namespaces/default/pods/none/eviction', object('policy/v1', 'Eviction')],
  ['/api/v1/namespaces/default/pods/none/log', map],
  ['/api/v1/componentstatuses', object('v1', 'ComponentStatus')],
  ['/api/v1/componentstatuses/none', object('v1', 'ComponentStatus')],
  ['/apis/apps/v1/namespaces/default/deployments/none/scale', scale],
  [
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    object('authorization.k8s.io/v1', 'SubjectAccessReview'),
  ],
  [
    '/apis/authorization.k8s.io/v1/subjectaccessreviews/x',
    object('authorization.k8s.io/v1', 'SubjectAccessReview'),
  ],
  ['/apis/apps/v9/deployments', map],
  ['/apis/apps/v1/nope', map],
]

/** The old form of watching; what upstream answers to the methods that watch nothing. */
const watches: readonly string[] = [
  '/api/v1/watch',
  '/api/v1/watch/',
  '/api/v1/watch/nope',
  '/api/v1/watch/namespaces',
  '/api/v1/watch/namespaces/nope-1',
  '/api/v1/watch/configmaps',
  '/api/v1/watch/configmaps/odd',
  '/api/v1/watch/namespaces/default/configmaps',
  '/api/v1/watch/namespaces/default/configmaps/odd',
  '/api/v1/watch/namespaces/default/configmaps/none',
  '/api/v1/watch/namespaces/default/configmaps/odd/status',
  '/api/v1/watch/namespaces/default/pods/none/log',
  '/api/v1/watch/namespaces/default/nodes',
  '/api/v1/watch/componentstatuses',
  '/api/v1/watch/watch/configmaps',
  '/api/v1/proxy',
  '/api/v1/proxy/nodes/x',
  '/apis/watch',
  '/apis/apps/watch',
  '/apis/apps/v1/watch',
  '/apis/apps/v1/watch/',
  '/apis/apps/v9/watch',
  '/apis/apps/v1/watch/nope',
  '/apis/apps/v1/watch/namespaces/default/deployments',
  '/apis/authorization.k8s.io/v1/watch/subjectaccessreviews',
  `/apis/${GROUP}/v1/watch`,
  `/apis/${GROUP}/v1/watch/`,
  `/apis/${GROUP}/v1/watch/nope`,
  `/apis/${GROUP}/v1/watch/gadgets`,
  `/apis/${GROUP}/v1/watch/gadgets/odd`,
  `/apis/${GROUP}/v1/watch/namespaces/default/gadgets`,
  `/apis/${GROUP}/v1/watch/namespaces/default/gadgets/odd`,
  `/apis/${GROUP}/v1/watch/namespaces/default/gadgets/none`,
  `/apis/${GROUP}/v1/watch/namespaces/default/gadgets/odd/status`,
  `/apis/${GROUP}/v1/watch/namespaces/default/gadgets/odd/nope`,
  `/apis/${GROUP}/v1/watch/namespaces/default/wholes`,
  `/apis/${GROUP}/v1/watch/wholes`,
  `/apis/${GROUP}/v1/watch/wholes/odd`,
  '/apis/nope.example.com/v1/watch',
  '/apis/nope.example.com/v1/watch/x',
]

/** What is there by itself is another's matter. */
const OF_THEIR_OWN = ['/api/v1/configmaps', '/api/v1/namespaces', '/api/v1/componentstatuses']

export const oddMethods: readonly Asked[] = [
  ...places
    .flatMap(([path, body]) => METHODS.map(method => asked(method, path, body)))
    .filter(({ method, path }) => method !== 'GET' || !OF_THEIR_OWN.includes(path)),
  ...watches.flatMap(path => [
    ...METHODS.map((method): Asked => ({ method, path: `${path}?timeoutSeconds=1` })),
    { method: 'GET' as const, path: `${path}?timeoutSeconds=x` },
  ]),
]
