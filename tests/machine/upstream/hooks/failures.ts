/** Webhooks that cannot be asked, or that may not be; and what nobody is asked about. */

import type { Hook } from './hooked.ts'
import {
  DEPLOYMENTS,
  del,
  deployment,
  get,
  hooks,
  MAPS,
  mergePatch,
  mutating,
  named,
  post,
  put,
  rule,
  type Scene,
  validating,
} from './scenes.ts'
import { anotherBundle, base64, caBundle, NO_PORT } from './server.ts'

const MAPS_ONLY = { rules: [rule(['configmaps'])] }
const of = (name: string) => ({ ...MAPS_ONLY, objectSelector: { matchLabels: { case: name } } })
const at = (clientConfig: object, more: object = {}) => ({ clientConfig, ...more })
const service = (more: object) => at({ service: { namespace: 'default', ...more }, caBundle })

/** Where they are not where they should be. */
const WAYS: Readonly<Record<string, object>> = {
  'nobody-listens': at({ url: `https://127.0.0.1:${NO_PORT}/x`, caBundle }),
  'nobody-listens-on-six': at({ url: `https://[::1]:${NO_PORT}/x`, caBundle }),
  'of-another-name': { port: 1, clientConfig: { caBundle } },
  'of-another-authority': { clientConfig: { caBundle: anotherBundle } },
  'of-no-authority': { clientConfig: {} },
  'of-an-empty-authority': { clientConfig: { caBundle: '' } },
  'speaks-no-tls': { port: 2, clientConfig: { caBundle } },
  'hangs-up': { port: 3, clientConfig: { caBundle } },
  hangs: { timeoutSeconds: 1 },
  'hangs-longer': { does: 'hangs', timeoutSeconds: 2 },
  breaks: {},
  'breaks-in-the-middle': {},
  'no-service': service({ name: 'none' }),
  'no-service-with-path': service({ name: 'none', path: '/a/b', port: 8443 }),
  'no-service-in-none': at({ service: { namespace: 'none', name: 'none' }, caBundle }),
  'service-with-another-port': service({ name: 'hook', port: 444 }),
  'service-elsewhere': service({ name: 'elsewhere', port: NO_PORT }),
}
const cases = (more: object): readonly Hook[] =>
  Object.entries(WAYS).map(([name, way]) => ({
    does: name,
    name: `${name}.hooks.io`,
    ...of(name),
    ...way,
    ...more,
  }))
const mapFor = (name: string) => named(name, { case: name })
const ASKS = Object.keys(WAYS).map(name => post(`${MAPS}?dryRun=All`, mapFor(name)))

const SERVICES = '/api/v1/namespaces/default/services'
const BEFORE = [
  post(SERVICES, { ...named('hook'), spec: { ports: [{ port: 443 }] } }),
  post(SERVICES, {
    ...named('elsewhere'),
    spec: { type: 'ExternalName', externalName: '127.0.0.1' },
  }),
]
const behaviours = {
  hangs: () => ({ hangs: true }) as const,
  breaks: () => ({ breaks: true }) as const,
  'breaks-in-the-middle': () => ({ breaks: true, after: '{"kind":' }) as const,
  refuse: () => ({ response: { allowed: false } }),
}

const ALL_BUT_PROBES = {
  matchConditions: [{ name: 'no-probe', expression: 'request.resource.resource != "limitranges"' }],
}

export const FAILURES: Readonly<Record<string, Scene>> = {
  'webhooks that cannot be asked refuse': {
    before: BEFORE,
    behaviours,
    configurations: [validating('ways', cases({}))],
    asks: ASKS,
  },
  'mutating webhooks that cannot be asked refuse': {
    behaviours,
    configurations: [mutating('ways', cases({}))],
    asks: ASKS,
  },
  'webhooks that cannot be asked are passed over': {
    behaviours,
    configurations: [
      validating('ways', cases({ failurePolicy: 'Ignore' })),
      mutating('ways', cases({ failurePolicy: 'Ignore' })),
    ],
    asks: ASKS,
  },
  'nobody is asked about those who are asked, nor may they be shut': {
    behaviours,
    configurations: [
      validating('all', hooks({ refuse: ALL_BUT_PROBES })),
      mutating('all', hooks({ refuse: ALL_BUT_PROBES })),
    ],
    asks: [
      ...['validating', 'mutating'].flatMap(kind => {
        const path = `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations`
        return [
          post(path, named('more')),
          mergePatch(`${path}/more`, { metadata: { labels: { a: 'b' } } }),
          del(`${path}/more`),
          post(`/apis/admissionregistration.k8s.io/v1/${kind}admissionpolicies`, named('more')),
        ]
      }),
      post(MAPS, named('m')),
      del(`${MAPS}/kube-root-ca.crt`),
      get(`${MAPS}/m`),
      post(DEPLOYMENTS, deployment('d')),
      post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: 'x' } }),
      post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
      }),
      post('/apis/coordination.k8s.io/v1/namespaces/default/leases', named('l')),
      post('/api/v1/namespaces', named('refused')),
      del('/api/v1/namespaces/kube-public'),
    ],
  },
  'a namespace goes while its webhooks are down': {
    before: [
      post('/api/v1/namespaces', named('going')),
      post('/api/v1/namespaces/going/configmaps', named('m')),
      post('/api/v1/namespaces/going/serviceaccounts', named('s')),
    ],
    configurations: [
      validating('all', [
        {
          ...at({ url: `https://127.0.0.1:${NO_PORT}/x`, caBundle }),
          rules: [rule(['configmaps', 'namespaces', 'namespaces/*'])],
        },
      ]),
    ],
    asks: [
      del('/api/v1/namespaces/going'),
      del('/api/v1/namespaces/going/configmaps'),
      del('/api/v1/namespaces/going/serviceaccounts'),
      post('/api/v1/namespaces/going/configmaps', named('late')),
      mergePatch('/api/v1/namespaces/going/status', { status: { phase: 'Terminating' } }),
      put('/api/v1/namespaces/going/finalize', { ...named('going'), spec: { finalizers: [] } }),
      get('/api/v1/namespaces/going'),
    ],
  },
  'objects in a namespace that goes': {
    before: [
      post('/api/v1/namespaces', named('leaving')),
      post('/api/v1/namespaces/leaving/configmaps', named('m')),
      del('/api/v1/namespaces/leaving'),
    ],
    configurations: [validating('all', hooks({ look: {} })), mutating('all', hooks({ look: {} }))],
    asks: [
      post('/api/v1/namespaces/leaving/configmaps', named('late')),
      mergePatch('/api/v1/namespaces/leaving/configmaps/m', { data: { a: 'b' } }),
      del('/api/v1/namespaces/leaving/configmaps/m'),
      del('/api/v1/namespaces/leaving'),
      put('/api/v1/namespaces/leaving/finalize', { ...named('leaving'), spec: { finalizers: [] } }),
    ],
  },
}

/** Puts a webhook in place as older servers let people make it: it may do things that a dry run must not. */
export const withSideEffects = (sideEffects: string): object => ({
  kind: 'ValidatingWebhookConfiguration',
  apiVersion: 'admissionregistration.k8s.io/v1',
  metadata: { name: `effects-${sideEffects.toLowerCase()}`, uid: `uid-${sideEffects}` },
  webhooks: [
    {
      name: `${sideEffects.toLowerCase()}.hooks.io`,
      clientConfig: { url: `https://127.0.0.1:${NO_PORT}/x`, caBundle: base64('none') },
      ...of(sideEffects),
      failurePolicy: 'Ignore',
      matchPolicy: 'Equivalent',
      namespaceSelector: {},
      sideEffects,
      timeoutSeconds: 5,
      admissionReviewVersions: ['v1'],
    },
  ],
})
