/** Paths that name no resource, or none that there is, with the methods that are looked at and those that are not. */
import type { Method } from '#client/transport.ts'
import type { Asked } from './pair.ts'

export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** So that there are custom resources beside the built-in ones. */
export const foos = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'foos.stable.example.com' },
  spec: {
    group: 'stable.example.com',
    scope: 'Namespaced',
    names: { plural: 'foos', kind: 'Foo' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    ],
  },
}

const OBJECTS = '/apis/stable.example.com/v1/namespaces/default/foos'

/** What is answered alike to any method. */
const anyMethod = [
  '/index.html/',
  '/nope/',
  '/api/v1/namespaces/default/configmaps/none/nothing',
  '/apis/apps',
  '/apis/apps/',
  '/apis/apps/v9/',
  '/apis/nope.example.com/v1/',
  '/apis/nope.example.com/v1/foos',
  '/apis/stable.example.com/',
  '/apis/stable.example.com/v9',
  '/apis/stable.example.com/v9/foos',
  '/apis/stable.example.com/v1/nope',
  `${OBJECTS}/x/nope`,
  '/version/more',
  '/healthz/',
  '/healthz/ping',
  '/healthz/ping/',
  '/healthz%2fping',
  '/metrics/',
  '/openapi',
  '/openapi/v2/',
  '/openapi/v3/',
  '/openapi/v3/nope',
  '/openid',
  '/.well-known',
  '/debug/',
  '/debug/pprof',
  '/debug/pprof/cmdlines',
  '/debug/pprof/symbol',
  '/debug/pprofs',
  '//',
  '//apis',
  '/%2e/api',
]
/** Taken with any method, too; the documents themselves tell what is switched on. */
const anyMethodAtAll = ['/', '/index.html', '/apis/', '/apis/stable.example.com/v1']
/** What knows GET alone; GET itself tells of each server what differs. */
const getAlone = [
  '/api',
  '/api/v1',
  '/%61pi/',
  '/apis/apps/v1',
  '/version',
  '/version//',
  '/openid/v1/jwks/',
  '/.well-known/openid-configuration',
  '/api/v1/nodes',
  '/api/v1/namespaces/default/configmaps/none',
]

const METHODS: readonly Method[] = ['GET', 'HEAD', 'POST', 'OPTIONS']

const asked = (method: Method, path: string): Asked => ({ method, path })

export const nonResourcePaths: readonly Asked[] = [
  ...anyMethod.flatMap(path => METHODS.map(method => asked(method, path))),
  ...anyMethodAtAll.map(path => asked('HEAD', path)),
  ...getAlone.flatMap(path => (['HEAD', 'OPTIONS'] as const).map(method => asked(method, path))),
  ...['/statusz', '/flagz'].flatMap(path => [
    asked('GET', path),
    { ...asked('GET', path), headers: { accept: 'application/yaml' } },
    { ...asked('GET', path), headers: { accept: 'application/json;as=Statusz' } },
    { ...asked('GET', path), headers: { accept: 'text/html' } },
    asked('GET', `${path}/`),
  ]),
  asked('GET', '/debug/pprof/heap?seconds=0'),
  asked('GET', '/debug/pprof/heap?seconds=x'),
  asked('HEAD', '/debug/pprof/profile?seconds=1'),
  asked('HEAD', '/debug/pprof/heap?seconds=1'),
  asked('HEAD', OBJECTS),
  asked('HEAD', `${OBJECTS}/x`),
  asked('POST', `${OBJECTS}/x`),
  { ...asked('GET', '/apis//'), differs: 'Proa reads what is below /apis before it looks for it' },
]
