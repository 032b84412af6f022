import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { startTestServer, startWatch } from '../testing.ts'
import {
  DEFINITIONS,
  define,
  statusOf,
  until,
  WIDGETS,
  widget,
  widgetSchema,
  widgets,
  widgetVersion,
} from './testing.ts'

const NAMED = `${DEFINITIONS}/widgets.example.com`

describe('a definition', () => {
  test('is accepted, established and served, and unknown before and after', async () => {
    const server = await startTestServer()
    const before = await server.ask('GET', WIDGETS)
    assert.equal(before.status, 404)
    assert.equal(before.text, '404 page not found\n')
    const made = await server.ask('POST', DEFINITIONS, widgets())
    assert.equal(made.status, 201)
    assert.deepEqual(made.body.status, {
      conditions: null,
      acceptedNames: { plural: '', kind: '' },
      storedVersions: ['v1'],
    })
    await until(async () => (await server.ask('GET', WIDGETS)).status === 200)
    await until(
      async () => statusOf((await server.ask('GET', NAMED)).body, 'Established') === 'True',
    )
    const { body } = await server.ask('GET', NAMED)
    assert.deepEqual(
      body.status.conditions.map(({ type, status, reason }: Record<string, string>) => [
        type,
        status,
        reason,
      ]),
      [
        ['NamesAccepted', 'True', 'NoConflicts'],
        ['Established', 'True', 'InitialNamesAccepted'],
      ],
    )
    assert.deepEqual(body.status.acceptedNames, {
      plural: 'widgets',
      singular: 'widget',
      shortNames: ['wd'],
      kind: 'Widget',
      listKind: 'WidgetList',
      categories: ['all'],
    })
    assert.equal(body.metadata.generation, 1)
    const gone = await server.ask('DELETE', NAMED)
    assert.equal(gone.status, 200)
    assert.deepEqual(gone.body.metadata.finalizers, ['customresourcecleanup.apiextensions.k8s.io'])
    assert.equal(statusOf(gone.body, 'Terminating'), 'True')
    await until(async () => (await server.ask('GET', NAMED)).status === 404)
    await until(async () => (await server.ask('GET', WIDGETS)).status === 404)
  })

  test('of what is built in leaves alone what lies where its objects would', async () => {
    const server = await startTestServer()
    const group = 'apiregistration.k8s.io'
    const services = `/apis/${group}/v1/apiservices`
    const spec = { group: 'x.y', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 1 }
    const made = await server.ask('POST', services, { metadata: { name: 'v1.x.y' }, spec })
    assert.equal(made.status, 201, made.text)
    const isThere = async () => (await server.ask('GET', `${services}/v1.x.y`)).status === 200
    const definition = widgets({ group, scope: 'Cluster' })
    definition.spec.names = { plural: 'apiservices', kind: 'APIService' }
    definition.metadata = {
      name: `apiservices.${group}`,
      annotations: { 'api-approved.kubernetes.io': 'unapproved' },
      finalizers: ['example.com/hold'],
    }
    await define(server, definition)
    assert.ok(await isThere())
    const path = `${DEFINITIONS}/apiservices.${group}`
    await server.ask('DELETE', path)
    const terminating = async () => {
      const { body } = await server.ask('GET', path)
      return body.status.conditions.find(({ type }: { type: string }) => type === 'Terminating')
    }
    await until(async () => (await terminating()).status === 'False')
    assert.equal((await terminating()).reason, 'OverlappingBuiltInResource')
    assert.ok(await isThere())
  })

  test('whose conditions somebody takes away is served no more until its names change', async () => {
    const server = await startTestServer()
    await define(server, widgets())
    const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
    const change = (body: object, at = NAMED) => server.ask('PATCH', at, body, merge)
    await change({ status: { conditions: null } }, `${NAMED}/status`)
    await until(async () => (await server.ask('GET', WIDGETS)).status === 404)
    await change({ spec: { names: { shortNames: ['wid'] } } })
    await until(async () => (await server.ask('GET', WIDGETS)).status === 200)
  })

  test('has in discovery the same verbs and hash of the stored version in all versions', async () => {
    const server = await startTestServer()
    const old = { ...widgetVersion, name: 'v1beta1', storage: false }
    await define(server, widgets({ versions: [widgetVersion, old] }))
    for (const version of ['v1', 'v1beta1']) {
      const { body } = await server.ask('GET', `/apis/example.com/${version}`)
      const [row] = body.resources
      // The first eight bytes of SHA-256 of example.com/v1/Widget.
      assert.equal(row.storageVersionHash, 'gIwvi5rymmg=', version)
      const verbs = 'delete deletecollection get list patch create update watch'
      assert.equal(row.verbs.join(' '), verbs, 'in the order of upstream')
    }
  })

  test('takes its objects with it, and waits for those that are held', async () => {
    const server = await startTestServer()
    await define(server, widgets())
    await server.ask('POST', WIDGETS, widget('free'))
    const held = widget('held')
    held.metadata.finalizers = ['example.com/hold']
    await server.ask('POST', WIDGETS, held)
    await server.ask('DELETE', NAMED)
    await until(async () => (await server.ask('GET', `${WIDGETS}/free`)).status === 404)
    const waiting = await server.ask('GET', NAMED)
    assert.equal(statusOf(waiting.body, 'Terminating'), 'True')
    const refused = await server.ask('POST', WIDGETS, widget('late'))
    assert.equal(refused.status, 405)
    const why = 'create not allowed while custom resource definition is terminating'
    assert.equal(refused.body.message, why)
    assert.deepEqual(refused.body.details, { group: 'example.com', kind: 'widgets' })
    const { body } = await server.ask('GET', '/apis/example.com/v1')
    assert.deepEqual(body.resources[0].verbs, [
      'delete',
      'deletecollection',
      'get',
      'list',
      'watch',
    ])
    const released = await server.ask(
      'PATCH',
      `${WIDGETS}/held`,
      { metadata: { finalizers: null } },
      { headers: { 'content-type': 'application/merge-patch+json' } },
    )
    assert.equal(released.status, 200, released.text)
    await until(async () => (await server.ask('GET', NAMED)).status === 404)
  })

  test('whose names are taken waits until they are free', async () => {
    const server = await startTestServer()
    await define(server, widgets())
    const rival = widgets({
      names: { plural: 'gadgets', kind: 'Widget', singular: 'gadget', listKind: 'GadgetList' },
    })
    rival.metadata.name = 'gadgets.example.com'
    await server.ask('POST', DEFINITIONS, rival)
    const path = `${DEFINITIONS}/gadgets.example.com`
    await until(
      async () => statusOf((await server.ask('GET', path)).body, 'NamesAccepted') === 'False',
    )
    const { body } = await server.ask('GET', path)
    assert.equal(body.status.conditions[0].reason, 'KindConflict')
    assert.equal(body.status.conditions[0].message, '"Widget" is already in use')
    assert.equal(statusOf(body, 'Established'), 'False')
    assert.equal((await server.ask('GET', '/apis/example.com/v1/gadgets')).status, 404)
    await server.ask('DELETE', NAMED)
    await until(
      async () => statusOf((await server.ask('GET', path)).body, 'Established') === 'True',
    )
    assert.equal((await server.ask('GET', '/apis/example.com/v1/gadgets')).status, 200)
  })

  test('is served again by the next server over the same store, with its objects', async () => {
    const store = createMemoryStore()
    const first = await startTestServer({ store })
    await define(first, widgets())
    await first.ask('POST', WIDGETS, widget('kept'))
    await first.server.stop()
    const second = await startTestServer({ store })
    const { body } = await second.ask('GET', WIDGETS)
    assert.deepEqual(
      body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
      ['kept'],
    )
    await second.server.stop()
  })

  test('that changes is obeyed by the next request', async () => {
    const server = await startTestServer()
    await define(server, widgets())
    await server.ask('POST', WIDGETS, widget('old'))
    const schema = structuredClone(widgetSchema)
    schema.properties.spec.properties.shape = { type: 'string', default: 'round' }
    schema.properties.spec.properties.size.minimum = 2
    const version = { ...widgetVersion, schema: { openAPIV3Schema: schema } }
    const { body: current } = await server.ask('GET', NAMED)
    const changed = await server.ask('PUT', NAMED, {
      ...current,
      spec: { ...current.spec, versions: [version] },
    })
    assert.equal(changed.status, 200, changed.text)
    assert.equal(changed.body.metadata.generation, 2)
    // Objects from before show today's defaults.
    const old = await server.ask('GET', `${WIDGETS}/old`)
    assert.deepEqual(old.body.spec, { colour: 'red', size: 3, shape: 'round' })
    const small = await server.ask('POST', WIDGETS, widget('small', { colour: 'red', size: 1 }))
    assert.equal(small.status, 422)
  })
})

describe('discovery', () => {
  test('shows custom resources in every form while they are there', async () => {
    const server = await startTestServer()
    await define(server, widgets())
    const groups = await server.ask('GET', '/apis')
    assert.ok(groups.body.groups.some(({ name }: { name: string }) => name === 'example.com'))
    const { body } = await server.ask('GET', '/apis/example.com/v1')
    assert.deepEqual(
      body.resources.map(({ name }: { name: string }) => name),
      ['widgets', 'widgets/status', 'widgets/scale'],
    )
    assert.deepEqual(body.resources[0].shortNames, ['wd'])
    const verbs = 'delete,deletecollection,get,list,patch,create,update,watch'
    assert.equal(body.resources[0].verbs.join(), verbs)
    const aggregated = await server.ask('GET', '/apis', undefined, {
      headers: {
        accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
      },
    })
    const speaks = { group: 'example.com', version: 'v1', kind: 'Widget' }
    const item = aggregated.body.items.find(
      ({ metadata }: { metadata: { name: string } }) => metadata.name === 'example.com',
    )
    const [row] = item.versions[0].resources
    assert.deepEqual(row.responseKind, speaks)
    assert.deepEqual(
      row.subresources.map(({ responseKind }: { responseKind: object }) => responseKind),
      [speaks, { group: 'autoscaling', version: 'v1', kind: 'Scale' }],
    )
    const index = await server.ask('GET', '/openapi/v3')
    assert.ok(index.body.paths['apis/example.com/v1'])
    const document = await server.ask('GET', '/openapi/v3/apis/example.com/v1')
    const shown = document.body.components.schemas['com.example.v1.Widget']
    assert.deepEqual(shown.properties.spec.properties.colour.enum, ['red', 'green'])
    assert.deepEqual(shown['x-kubernetes-group-version-kind'], [
      { group: 'example.com', kind: 'Widget', version: 'v1' },
    ])
    const older = await server.ask('GET', '/openapi/v2')
    const flat = older.body.definitions['com.example.v1.Widget']
    assert.equal(flat.properties.spec.properties.port.type, undefined)
    await server.ask('DELETE', NAMED)
    await until(async () => (await server.ask('GET', '/apis/example.com')).status === 404)
    assert.doesNotMatch((await server.ask('GET', '/openapi/v2')).text, /com\.example\.v1/)
  })
})

test('groups of equal rank are listed by the names of their first versions', async () => {
  const server = await startTestServer()
  for (const [group, name] of [
    ['example.com', 'v1'],
    ['a.example.org', 'v1alpha1'],
    ['b.example.org', 'v1'],
  ] as const) {
    const made = widgets({ group, versions: [{ ...widgetVersion, name }] })
    await define(server, { ...made, metadata: { name: `widgets.${group}` } })
  }
  const { body } = await server.ask('GET', '/apis')
  assert.deepEqual(
    body.groups
      .map(({ name }: { name: string }) => name)
      .filter((name: string) => /example/.test(name)),
    ['b.example.org', 'example.com', 'a.example.org'],
  )
})

describe('versions', () => {
  const older = { ...widgetVersion, name: 'v1beta1', storage: false, deprecated: true }

  test('without conversion differ by their name alone', async () => {
    const server = await startTestServer()
    await define(server, widgets({ versions: [widgetVersion, older] }))
    const path = WIDGETS.replace('/v1/', '/v1beta1/')
    const made = await server.ask('POST', path, {
      ...widget('both'),
      apiVersion: 'example.com/v1beta1',
    })
    assert.equal(made.status, 201, made.text)
    assert.equal(made.body.apiVersion, 'example.com/v1beta1')
    assert.equal(made.body.metadata.managedFields[0].apiVersion, 'example.com/v1beta1')
    assert.match(
      made.headers.warning ?? '',
      /example\.com\/v1beta1 Widget is deprecated; use example\.com\/v1 Widget/,
    )
    const { body } = await server.ask('GET', `${WIDGETS}/both`)
    assert.equal(body.apiVersion, 'example.com/v1')
    assert.equal(body.metadata.uid, made.body.metadata.uid)
    const { body: group } = await server.ask('GET', '/apis/example.com')
    assert.equal(group.preferredVersion.version, 'v1')
  })

  test('of storage may change; all that were are remembered', async () => {
    const server = await startTestServer()
    const beta = { ...older, deprecated: false }
    await define(server, widgets({ versions: [widgetVersion, beta] }))
    await server.ask('POST', WIDGETS, widget('early'))
    const { body: current } = await server.ask('GET', NAMED)
    const versions = [
      { ...widgetVersion, storage: false },
      { ...beta, storage: true },
    ]
    const changed = await server.ask('PUT', NAMED, {
      ...current,
      spec: { ...current.spec, versions },
    })
    assert.equal(changed.status, 200, changed.text)
    assert.deepEqual(changed.body.status.storedVersions, ['v1', 'v1beta1'])
    assert.equal((await server.ask('GET', `${WIDGETS}/early`)).body.apiVersion, 'example.com/v1')
    const renamed = { ...widgetVersion, name: 'v2', storage: true }
    const refused = await server.ask('PUT', NAMED, {
      ...changed.body,
      spec: { ...changed.body.spec, versions: [renamed] },
    })
    assert.equal(refused.status, 422)
    assert.match(refused.body.message, /status\.storedVersions\[0\].*missing from spec\.versions/)
  })
})

test('whoever watches sees the objects of a definition go with it', async () => {
  const server = await startTestServer()
  await define(server, widgets())
  const watch = await startWatch(server.server, `${WIDGETS}?watch=true`)
  await server.ask('POST', WIDGETS, widget('a'))
  await server.ask('POST', WIDGETS, widget('b'))
  await server.ask('DELETE', `${DEFINITIONS}/widgets.example.com`)
  const seen = await watch.take(4)
  assert.deepEqual(seen.map(({ type, object }) => `${type} ${object.metadata.name}`).sort(), [
    'ADDED a',
    'ADDED b',
    'DELETED a',
    'DELETED b',
  ])
  await until(async () => watch.state.ended)
})

test('watches of a custom resource tell its changes, and end with it', async () => {
  const server = await startTestServer()
  await define(server, widgets())
  const watch = await startWatch(
    server.server,
    `${WIDGETS}?watch=true&fieldSelector=spec.colour%3Dgreen`,
  )
  await server.ask('POST', WIDGETS, widget('a'))
  await server.ask('POST', WIDGETS, widget('b', { colour: 'green' }))
  const [event] = await watch.take(1)
  assert.equal(event?.type, 'ADDED')
  assert.equal(event?.object.metadata.name, 'b')
  const listed = await server.ask('GET', `${WIDGETS}?fieldSelector=spec.colour%3Dred`)
  assert.equal(listed.body.items.length, 1)
  const unknown = await server.ask('GET', `${WIDGETS}?fieldSelector=spec.size%3D3`)
  assert.equal(unknown.status, 400)
  await server.ask('DELETE', NAMED)
  await until(async () => watch.state.ended)
})
