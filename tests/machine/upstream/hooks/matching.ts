/** Which webhooks a request concerns: by rules, by selectors, by conditions. */
import {
  autoscaler,
  DEFINITION,
  DEPLOYMENTS,
  del,
  deployment,
  differing,
  get,
  hooks,
  IN_DEFAULT,
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
  thing,
  things,
  validating,
} from './scenes.ts'

const NAMESPACES = '/api/v1/namespaces'
const NODES = '/api/v1/nodes'
const AUTOSCALERS = (version: string) =>
  `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`
const EVENTS = `${IN_DEFAULT}/events`
const NEW_EVENTS = '/apis/events.k8s.io/v1/namespaces/default/events'

const rules = (...list: object[]) => ({ rules: list })
const BY_RULES = hooks({
  pods: rules(rule(['pods'])),
  'pods-and-parts': rules(rule(['pods', 'pods/*'])),
  'parts-of-pods': rules(rule(['pods/*'])),
  'status-of-all': rules(rule(['*/status'])),
  'status-of-pods': rules(rule(['pods/status'])),
  'scale-of-all': rules(rule(['*/scale'])),
  'scale-of-deployments': rules(rule(['deployments/scale'], { apiGroups: ['apps'] })),
  'scale-in-its-group': rules(rule(['deployments/scale'], { apiGroups: ['autoscaling'] })),
  'no-parts': rules(rule(['*'])),
  everything: rules(rule(['*/*'])),
  'evictions-in-their-group': rules(rule(['pods/eviction'], { apiGroups: ['policy'] })),
  bindings: rules(rule(['bindings'])),
  'only-creates': rules(rule(['configmaps'], { operations: ['CREATE'] })),
  'only-deletes': rules(rule(['configmaps', 'nodes'], { operations: ['DELETE'] })),
  'creates-and-deletes': rules(rule(['configmaps'], { operations: ['CREATE', 'DELETE'] })),
  connects: rules(rule(['*/*'], { operations: ['CONNECT'] })),
  'core-alone': rules(rule(['*'], { apiGroups: [''] })),
  'v1-alone': rules(rule(['*'], { apiVersions: ['v1'] })),
  'another-version': rules(rule(['configmaps'], { apiVersions: ['v2'] })),
  'another-case': rules(rule(['ConfigMaps'])),
  'in-no-namespace': rules(rule(['*/*'], { scope: 'Cluster' })),
  'in-namespaces': rules(rule(['*/*'], { scope: 'Namespaced' })),
  'in-any-scope': rules(rule(['configmaps'], { scope: '*' })),
  'twice-the-same': rules(rule(['configmaps']), rule(['configmaps'])),
  'one-of-two': rules(rule(['secrets']), rule(['configmaps'], { operations: ['UPDATE'] })),
  'no-rules': { rules: [] },
})

const of = (group: string, version: string, resource: string) =>
  rule([resource, `${resource}/*`], { apiGroups: [group], apiVersions: [version] })
const BY_VERSIONS = hooks({
  'hpa-v1': rules(of('autoscaling', 'v1', 'horizontalpodautoscalers')),
  'hpa-v2': rules(of('autoscaling', 'v2', 'horizontalpodautoscalers')),
  'hpa-v1-exact': {
    ...rules(of('autoscaling', 'v1', 'horizontalpodautoscalers')),
    matchPolicy: 'Exact',
  },
  'hpa-v2-exact': {
    ...rules(of('autoscaling', 'v2', 'horizontalpodautoscalers')),
    matchPolicy: 'Exact',
  },
  'hpa-v1-or-v2': rules(
    of('autoscaling', 'v1', 'horizontalpodautoscalers'),
    of('autoscaling', 'v2', 'horizontalpodautoscalers'),
  ),
  'hpa-another': rules(of('autoscaling', 'v3', 'horizontalpodautoscalers')),
  'events-old': rules(of('', 'v1', 'events')),
  'events-new': rules(of('events.k8s.io', 'v1', 'events')),
  'events-old-exact': { ...rules(of('', 'v1', 'events')), matchPolicy: 'Exact' },
  'events-new-exact': { ...rules(of('events.k8s.io', 'v1', 'events')), matchPolicy: 'Exact' },
  'things-v1': rules(of('hooks.example.com', 'v1', 'things')),
  'things-v2': rules(of('hooks.example.com', 'v2', 'things')),
  'things-v1-exact': { ...rules(of('hooks.example.com', 'v1', 'things')), matchPolicy: 'Exact' },
  'things-v2-exact': { ...rules(of('hooks.example.com', 'v2', 'things')), matchPolicy: 'Exact' },
  'scales-old': rules(of('extensions', 'v1beta1', 'deployments')),
})

const ALL = { rules: [rule(['*/*'])] }
const SELECTED = { namespaceSelector: { matchLabels: { env: 'prod' } }, ...ALL }
const BY_SELECTORS = hooks({
  'in-prod': SELECTED,
  'in-others': {
    ...ALL,
    namespaceSelector: {
      matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['prod'] }],
    },
  },
  'in-marked': {
    ...ALL,
    namespaceSelector: { matchExpressions: [{ key: 'env', operator: 'Exists' }] },
  },
  'in-unmarked': {
    ...ALL,
    namespaceSelector: { matchExpressions: [{ key: 'env', operator: 'DoesNotExist' }] },
  },
  'in-default': {
    ...ALL,
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
  },
  chosen: { ...ALL, objectSelector: { matchLabels: { pick: 'yes' } } },
  'chosen-not': {
    ...ALL,
    objectSelector: { matchExpressions: [{ key: 'pick', operator: 'DoesNotExist' }] },
  },
  'chosen-in-prod': { ...SELECTED, objectSelector: { matchLabels: { pick: 'yes' } } },
})

const yes = { pick: 'yes' }
const env = (value: string) => ({ env: value })

const when = (...expressions: string[]) => ({
  rules: [rule(['configmaps', 'pods', 'pods/exec'])],
  matchConditions: expressions.map((expression, at) => ({ name: `c${at}`, expression })),
})
const ignoring = (...expressions: string[]) => ({
  ...when(...expressions),
  failurePolicy: 'Ignore',
})
const FAILS = 'object.data.none == "x"'
const BY_CONDITIONS = hooks({
  'when-true': when('true'),
  'when-false': when('false'),
  'when-both': when('true', 'request.operation == "CREATE"'),
  'when-one-is-false': when('true', 'false'),
  'when-created': when('request.operation == "CREATE"'),
  'when-deleted': when('request.operation == "DELETE" && oldObject.metadata.name != ""'),
  'when-there-is-an-object': when('object != null'),
  'when-there-was-one': when('oldObject != null'),
  'when-asked-by': when('request.userInfo.username == "kubernetes-admin"'),
  'when-dry': when('request.dryRun == true'),
  'when-in-default': when(
    'request.namespace == "default" && request.resource.resource == "configmaps"',
  ),
  'when-of-kind': when('request.kind.kind == "ConfigMap" && request.requestKind.version == "v1"'),
  'when-part': when('has(request.subResource) && request.subResource == "exec"'),
  'when-options': when('has(request.options.fieldManager) && request.options.fieldManager == "me"'),
  'when-labelled': when('has(object.metadata.labels) && "a" in object.metadata.labels'),
  'when-allowed': when(
    'authorizer.group("").resource("configmaps").namespace("default").check("create").allowed()',
  ),
  'when-allowed-here': when('authorizer.requestResource.check("update").allowed()'),
  'when-service-account': when(
    'authorizer.serviceAccount("default", "default").group("").resource("configmaps").check("get").allowed()',
  ),
  'when-path': when('authorizer.path("/healthz").check("get").allowed()'),
  'when-it-fails-ignored': ignoring(FAILS),
  'when-it-fails-but-is-false': when('false', FAILS),
  'when-is-false-after-failure': when(FAILS, 'false'),
})
const FAILING = hooks({
  'fails-once': { ...when(FAILS), objectSelector: { matchLabels: { fail: 'once' } } },
  'fails-twice': {
    ...when(FAILS, 'true', 'oldObject.data.x == "y"'),
    objectSelector: { matchLabels: { fail: 'twice' } },
  },
  'fails-of-cost': {
    ...when(
      '[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, [1,2,3,4,5,6,7,8,9,10].all(f, [1,2,3,4,5,6,7,8,9,10].all(g, a+b+c+d+e+f+g > 0)))))))',
    ),
    objectSelector: { matchLabels: { fail: 'cost' } },
  },
})

/** Of a pod on a node that is to get no time. */
export const ASKED_TWICE =
  'upstream asks as it marks the pod and again as it removes it; Proa removes what it marked'

const mapOf = (name: string, labels?: object) => ({ ...named(name, labels), data: { k: 'v' } })
const event = (name: string, more: object = {}) => ({
  metadata: { name },
  involvedObject: { namespace: 'default' },
  ...more,
})

export const MATCHING: Readonly<Record<string, Scene>> = {
  'rules choose': {
    configurations: [validating('rules', BY_RULES)],
    asks: [
      post(MAPS, mapOf('a')),
      put(`${MAPS}/a`, mapOf('a', yes)),
      del(`${MAPS}/a`),
      post(PODS, pod('p')),
      mergePatch(`${PODS}/p/status`, { status: { message: 'm' } }),
      post(`${PODS}/p/eviction?dryRun=All`, named('p')),
      post(`${PODS}/p/binding`, { ...named('p'), target: { kind: 'Node', name: 'n' } }),
      get(`${IN_DEFAULT}/services/s/proxy/x`),
      differing(del(`${PODS}/p?gracePeriodSeconds=0`), ASKED_TWICE),
      post(DEPLOYMENTS, deployment('d')),
      mergePatch(`${DEPLOYMENTS}/d/scale`, { spec: { replicas: 2 } }),
      mergePatch(`${DEPLOYMENTS}/d/status`, { status: { replicas: 2 } }),
      del(`${DEPLOYMENTS}/d`),
      post(NODES, named('n')),
      del(`${NODES}/n`),
      post(NAMESPACES, named('ruled')),
      mergePatch(`${NAMESPACES}/ruled/status`, { status: { conditions: [] } }),
      del(`${NAMESPACES}/ruled`),
    ],
  },
  'versions are equivalent, or not': {
    before: [DEFINITION],
    configurations: [validating('versions', BY_VERSIONS), mutating('versions', BY_VERSIONS)],
    asks: [
      post(AUTOSCALERS('v2'), autoscaler('v2', 'h2')),
      post(AUTOSCALERS('v1'), autoscaler('v1', 'h1')),
      mergePatch(`${AUTOSCALERS('v2')}/h1`, { spec: { maxReplicas: 5 } }),
      mergePatch(`${AUTOSCALERS('v1')}/h2/status`, { status: { currentReplicas: 5 } }),
      del(`${AUTOSCALERS('v1')}/h2`),
      del(`${AUTOSCALERS('v2')}/h1`),
      post(EVENTS, event('e')),
      del(`${NEW_EVENTS}/e`),
      post(things('v1'), thing('v1', 't')),
      mergePatch(`${things('v2')}/t`, { spec: { replicas: 2 } }),
      mergePatch(`${things('v2')}/t/status`, { status: { replicas: 2 } }),
      mergePatch(`${things('v2')}/t/scale`, { spec: { replicas: 3 } }),
      differing(
        put(`${things('v2')}/t?dryRun=All`, thing('v2', 't')),
        'Proa refuses what names no revision before it asks anybody',
      ),
      del(`${things('v2')}/t`),
      post(things('v2'), thing('v2', 'u')),
      del(things('v2')),
      post(DEPLOYMENTS, deployment('d')),
      del(`${DEPLOYMENTS}/d`),
    ],
  },
  'selectors choose': {
    before: [
      post(NAMESPACES, named('prod', env('prod'))),
      post(NAMESPACES, named('test', env('test'))),
      post(`${NAMESPACES}/prod/serviceaccounts`, named('default')),
    ],
    configurations: [validating('selectors', BY_SELECTORS)],
    asks: [
      post(MAPS, mapOf('a')),
      post(`${NAMESPACES}/prod/configmaps`, mapOf('a')),
      post(`${NAMESPACES}/test/configmaps`, mapOf('a', yes)),
      post(`${NAMESPACES}/prod/configmaps`, mapOf('b', yes)),
      mergePatch(`${NAMESPACES}/prod/configmaps/a`, { metadata: { labels: yes } }),
      mergePatch(`${NAMESPACES}/prod/configmaps/a`, { metadata: { labels: null } }),
      mergePatch(`${NAMESPACES}/prod/configmaps/a`, { data: { x: 'y' } }),
      del(`${NAMESPACES}/prod/configmaps/a`),
      del(`${NAMESPACES}/prod/configmaps`),
      post(`${NAMESPACES}/prod/pods`, pod('p', yes)),
      post(`${NAMESPACES}/prod/pods/p/binding`, {
        ...named('p'),
        target: { kind: 'Node', name: 'n' },
      }),
      post(`${NAMESPACES}/prod/pods/p/eviction?dryRun=All`, named('p', yes)),
      get(`${NAMESPACES}/prod/services/s/proxy/`),
      differing(del(`${NAMESPACES}/prod/pods/p?gracePeriodSeconds=0`), ASKED_TWICE),
      post(DEPLOYMENTS, deployment('d', yes)),
      mergePatch(`${DEPLOYMENTS}/d/scale`, { spec: { replicas: 2 } }),
      del(`${DEPLOYMENTS}/d`),
      post(NODES, named('n', yes)),
      del(`${NODES}/n`),
      post(NAMESPACES, named('new', { ...yes, ...env('prod') })),
      mergePatch(`${NAMESPACES}/new`, { metadata: { labels: { env: 'test' } } }),
      mergePatch(`${NAMESPACES}/new`, { metadata: { labels: { env: null, pick: null } } }),
      mergePatch(`${NAMESPACES}/new/status`, { status: { conditions: [] } }),
      mergePatch(`${NAMESPACES}/new`, { metadata: { labels: { env: 'prod' } } }),
      mergePatch(`${NAMESPACES}/new/status`, { status: { conditions: [] } }),
      del(`${NAMESPACES}/new`),
      put(`${NAMESPACES}/new/finalize`, { ...named('new'), spec: { finalizers: [] } }),
      post(`${NAMESPACES}/none/configmaps`, mapOf('a')),
      post(`${NAMESPACES}/none/configmaps?dryRun=All`, { metadata: { generateName: 'a' } }),
    ],
  },
  'conditions choose': {
    configurations: [validating('conditions', [...BY_CONDITIONS, ...FAILING])],
    asks: [
      post(MAPS, mapOf('a')),
      post(`${MAPS}?dryRun=All&fieldManager=me`, mapOf('b', { a: 'b' })),
      mergePatch(`${MAPS}/a`, { metadata: { labels: { a: 'b' } } }),
      del(`${MAPS}/a`),
      ...['once', 'twice', 'cost'].map(fail => post(MAPS, mapOf(`fails-${fail}`, { fail }))),
      post(`${MAPS}?dryRun=All`, {
        metadata: { generateName: 'gen-', labels: { fail: 'once' } },
      }),
      post(PODS, pod('p')),
      get(`${PODS}/p/exec?command=x`),
      del(`${PODS}/p?gracePeriodSeconds=0`),
    ],
  },
  'conditions choose whom to let change': {
    configurations: [mutating('conditions', [...BY_CONDITIONS, ...FAILING])],
    asks: [
      post(MAPS, mapOf('a')),
      put(`${MAPS}/a?dryRun=All&fieldManager=me`, mapOf('a', { a: 'b' })),
      del(`${MAPS}/a`),
      ...['once', 'twice', 'cost'].map(fail => post(MAPS, mapOf(`fails-${fail}`, { fail }))),
    ],
  },
}
