// What a program on @kubernetes/client-node does: `clients-scripts.test.ts` runs it with the path of a kubeconfig.
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  Watch,
} from '@kubernetes/client-node'

const ITEMS = 25
const WAIT_MS = 20_000

const config = new KubeConfig()
config.loadFromFile(process.argv[2])
const core = config.makeApiClient(CoreV1Api)
const apps = config.makeApiClient(AppsV1Api)
const any = KubernetesObjectApi.makeApiClient(config)
const as = patchStrategy => setHeaderOptions('Content-Type', patchStrategy)

const created = await core.createNamespace({ body: { metadata: { generateName: 'javascript-' } } })
const namespace = created.metadata.name
try {
  for (const step of [objects, patches, pages, watches, informs, errors, status, applies, dynamic])
    await within(step(), step.name)
} finally {
  await core.deleteNamespace({ name: namespace })
}
console.log('all steps done')

async function objects() {
  const body = {
    metadata: { name: 'settings', labels: { app: 'javascript' } },
    data: { colour: 'blue' },
    binaryData: { bytes: Buffer.from([0, 255]).toString('base64') },
  }
  const made = await core.createNamespacedConfigMap({ namespace, body })
  assert.deepEqual([made.data, made.binaryData], [body.data, body.binaryData])
  assert(made.metadata.creationTimestamp instanceof Date)
  const tried = { namespace, name: 'settings', dryRun: 'All' }
  await core.replaceNamespacedConfigMap({ ...tried, body: { ...made, data: { colour: 'none' } } })
  const read = await core.readNamespacedConfigMap({ namespace, name: 'settings' })
  assert.deepEqual(read, made)
  read.data.colour = 'red'
  const replaced = await core.replaceNamespacedConfigMap({
    namespace,
    name: 'settings',
    body: read,
  })
  assert.equal(replaced.data.colour, 'red')
  assert.notEqual(replaced.metadata.resourceVersion, made.metadata.resourceVersion)
}

async function patches() {
  const patch = (strategy, body) =>
    core.patchNamespacedConfigMap({ namespace, name: 'settings', body }, as(strategy))
  const asJson = await patch(PatchStrategy.JsonPatch, [
    { op: 'test', path: '/data/colour', value: 'red' },
    { op: 'add', path: '/data/size', value: 'big' },
  ])
  assert.deepEqual(asJson.data, { colour: 'red', size: 'big' })
  const asMerge = await patch(PatchStrategy.MergePatch, { data: { size: null } })
  assert.deepEqual(asMerge.data, { colour: 'red' })
  const asStrategic = await patch(PatchStrategy.StrategicMergePatch, {
    metadata: { finalizers: ['example.com/one'] },
  })
  assert.deepEqual(asStrategic.metadata.finalizers, ['example.com/one'])
  const unique = await patch(PatchStrategy.StrategicMergePatch, {
    metadata: { finalizers: ['example.com/two'] },
  })
  assert.deepEqual(unique.metadata.finalizers.sort(), ['example.com/one', 'example.com/two'])
  await patch(PatchStrategy.MergePatch, { metadata: { finalizers: null } })
  const wrong = [{ op: 'test', path: '/data/colour', value: 'green' }]
  await fails(patch(PatchStrategy.JsonPatch, wrong), 422, 'Invalid')
}

async function pages() {
  for (let index = 0; index < ITEMS; index++)
    await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: `item-${index}`, labels: { group: `${index % 2}` } } },
    })
  const names = []
  let _continue
  do {
    const page = await core.listNamespacedConfigMap({
      namespace,
      labelSelector: 'group in (0,1)',
      limit: 10,
      _continue,
    })
    names.push(...page.items.map(item => item.metadata.name))
    _continue = page.metadata._continue
    assert.equal(page.metadata.remainingItemCount ?? undefined, undefined)
  } while (_continue)
  assert.equal(new Set(names).size, ITEMS)
  const first = await core.listNamespacedConfigMap({ namespace, limit: 10 })
  // The two that are there besides: `settings` and the root certificate.
  assert.equal(first.metadata.remainingItemCount, ITEMS + 2 - 10)
  await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'group=1' })
  const left = await core.listNamespacedConfigMap({ namespace, labelSelector: 'group' })
  assert.equal(left.items.length, Math.ceil(ITEMS / 2))
  const one = await core.listNamespacedConfigMap({
    namespace,
    fieldSelector: 'metadata.name=item-4',
  })
  assert.deepEqual(
    one.items.map(item => item.metadata.name),
    ['item-4'],
  )
}

// A watch that is cut off goes on where it ended, and misses nothing.
async function watches() {
  const list = await core.listNamespacedConfigMap({ namespace })
  const query = { resourceVersion: list.metadata.resourceVersion, labelSelector: 'watched' }
  const body = { metadata: { name: 'watched', labels: { watched: 'yes' } } }
  const seen = []
  await watchUntil(query, 1, seen, () => core.createNamespacedConfigMap({ namespace, body }))
  await core.patchNamespacedConfigMap(
    { namespace, name: 'watched', body: { data: { while: 'away' } } },
    as(PatchStrategy.MergePatch),
  )
  const resumed = { ...query, resourceVersion: seen[0].object.metadata.resourceVersion }
  await watchUntil(resumed, 3, seen, () =>
    core.patchNamespacedConfigMap(
      { namespace, name: 'watched', body: { metadata: { labels: { watched: null } } } },
      as(PatchStrategy.MergePatch),
    ),
  )
  // Out of the selector's sight is gone.
  assert.deepEqual(
    seen.map(event => event.type),
    ['ADDED', 'MODIFIED', 'DELETED'],
  )
}

async function watchUntil(query, count, seen, act) {
  const watch = new Watch(config)
  const { promise, resolve, reject } = Promise.withResolvers()
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const controller = await watch.watch(
    path,
    query,
    (type, object) => {
      seen.push({ type, object })
      if (seen.length === count) resolve()
    },
    error => reject(error ?? new Error('the watch ended')),
  )
  await act()
  await promise
  controller.abort()
}

// The library's informer lists, watches, and lists again after an end.
async function informs() {
  const path = `/api/v1/namespaces/${namespace}/secrets`
  const informer = makeInformer(config, path, () => core.listNamespacedSecret({ namespace }))
  const events = []
  for (const verb of ['add', 'update', 'delete'])
    informer.on(verb, secret => events.push(`${verb} ${secret.metadata.name}`))
  await core.createNamespacedSecret({
    namespace,
    body: { metadata: { name: 'before' }, stringData: { word: 'open' } },
  })
  await informer.start()
  await core.createNamespacedSecret({ namespace, body: { metadata: { name: 'after' } } })
  await core.patchNamespacedSecret(
    { namespace, name: 'before', body: { stringData: { word: 'shut' } } },
    as(PatchStrategy.MergePatch),
  )
  await core.deleteNamespacedSecret({ namespace, name: 'after' })
  while (events.length < 4) await pause(10)
  await informer.stop()
  assert.deepEqual(events, ['add before', 'add after', 'update before', 'delete after'])
  assert.equal(atob(informer.get('before', namespace).data.word), 'shut')
}

async function errors() {
  const name = 'settings'
  const settings = await core.readNamespacedConfigMap({ namespace, name })
  await fails(core.readNamespacedConfigMap({ namespace, name: 'absent' }), 404, 'NotFound')
  await fails(
    core.createNamespacedConfigMap({ namespace, body: { metadata: { name } } }),
    409,
    'AlreadyExists',
  )
  await core.patchNamespacedConfigMap(
    { namespace, name, body: { data: { colour: 'black' } } },
    as(PatchStrategy.MergePatch),
  )
  await fails(core.replaceNamespacedConfigMap({ namespace, name, body: settings }), 409, 'Conflict')
  const invalid = await fails(
    core.createNamespacedPod({
      namespace,
      body: { metadata: { name: 'Bad' }, spec: { containers: [] } },
    }),
    422,
    'Invalid',
  )
  assert.deepEqual(
    invalid.details.causes.map(({ field, reason }) => `${field} ${reason}`),
    ['metadata.name FieldValueInvalid', 'spec.containers FieldValueRequired'],
  )
  await fails(
    core.patchNamespacedConfigMap({ namespace, name, body: {} }, as('text/plain')),
    415,
    'UnsupportedMediaType',
  )
  await fails(core.listNamespacedConfigMap({ namespace, _continue: 'nonsense' }), 400, 'BadRequest')
  await fails(
    core.createNamespacedConfigMap({
      namespace,
      fieldValidation: 'Strict',
      body: { metadata: { name: 'strict', generateName: 'x' }, immutable: 'perhaps' },
    }),
    400,
    'BadRequest',
  )
  const uid = '00000000-0000-0000-0000-000000000000'
  await fails(
    core.deleteNamespacedConfigMap({ namespace, name, body: { preconditions: { uid } } }),
    409,
    'Conflict',
  )
}

async function status() {
  const labels = { app: 'web' }
  const spec = {
    replicas: 2,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
  }
  const body = { metadata: { name: 'web' }, spec }
  await apps.createNamespacedDeployment({ namespace, body })
  const key = { namespace, name: 'web' }
  const ready = async count => {
    for (;;) {
      const read = await apps.readNamespacedDeploymentStatus(key)
      if ((read.status.readyReplicas ?? 0) === count && read.status.replicas === count) return read
      await pause(20)
    }
  }
  await ready(2)
  const scale = await apps.readNamespacedDeploymentScale(key)
  assert.deepEqual([scale.kind, scale.status.selector], ['Scale', 'app=web'])
  scale.spec.replicas = 1
  await apps.replaceNamespacedDeploymentScale({ ...key, body: scale })
  await ready(1)
  const three = { spec: { replicas: 3 } }
  await apps.patchNamespacedDeploymentScale({ ...key, body: three }, as(PatchStrategy.MergePatch))
  const live = await ready(3)
  const condition = { type: 'Custom', status: 'True', reason: 'Said', message: 'by a program' }
  const patched = await apps.patchNamespacedDeploymentStatus(
    { ...key, body: { spec: { replicas: 9 }, status: { conditions: [condition] } } },
    as(PatchStrategy.StrategicMergePatch),
  )
  assert.equal(patched.spec.replicas, live.spec.replicas, 'a status patch leaves the spec alone')
  assert(patched.status.conditions.some(each => each.type === 'Custom'))
}

async function applies() {
  const apply = (fieldManager, replicas, force) =>
    apps.patchNamespacedDeployment(
      {
        namespace,
        name: 'applied',
        fieldManager,
        force,
        body: {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'applied' },
          spec: {
            replicas,
            selector: { matchLabels: { app: 'applied' } },
            template: {
              metadata: { labels: { app: 'applied' } },
              spec: { containers: [{ name: 'web', image: 'web:1' }] },
            },
          },
        },
      },
      as(PatchStrategy.ServerSideApply),
    )
  await apply('one', 1)
  const conflict = await fails(apply('two', 2), 409, 'Conflict')
  assert.deepEqual(
    conflict.details.causes.map(({ reason, field }) => [reason, field]),
    [['FieldManagerConflict', '.spec.replicas']],
  )
  const forced = await apply('two', 2, true)
  assert.equal(forced.spec.replicas, 2)
  const managers = forced.metadata.managedFields.filter(each => each.operation === 'Apply')
  assert.deepEqual(managers.map(each => each.manager).sort(), ['one', 'two'])
}

// Objects of any kind, found by discovery.
async function dynamic() {
  const header = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' }
  const policy = {
    ...header,
    metadata: { name: 'deny', namespace },
    spec: { podSelector: {}, policyTypes: ['Ingress'] },
  }
  await any.create(policy)
  const label = { ...header, metadata: { ...policy.metadata, labels: { a: 'b' } } }
  await any.patch(label, undefined, undefined, undefined, undefined, PatchStrategy.MergePatch)
  const read = await any.read(policy)
  assert.deepEqual(read.metadata.labels, { a: 'b' })
  assert.equal(JSON.stringify(read.spec), JSON.stringify(policy.spec))
  assert.equal((await any.list(header.apiVersion, header.kind, namespace)).items.length, 1)
  await any.delete(policy)
  await fails(any.read(policy), 404, 'NotFound')
}

/** The Status of a call that has to fail this way. */
async function fails(call, code, reason) {
  const error = await call.then(
    () => assert.fail(`this had to fail with ${code} ${reason}`),
    caught => caught,
  )
  assert(error instanceof ApiException, error)
  const body = typeof error.body === 'string' ? JSON.parse(error.body) : error.body
  assert.deepEqual([error.code, body.code, body.reason], [code, code, reason], error.message)
  return body
}

async function within(work, name) {
  const limit = new AbortController()
  const late = pause(WAIT_MS, undefined, { signal: limit.signal }).then(() =>
    assert.fail(`${name} took longer than ${WAIT_MS} ms`),
  )
  await Promise.race([work, late])
  limit.abort()
  late.catch(() => {})
  console.log(name)
}
