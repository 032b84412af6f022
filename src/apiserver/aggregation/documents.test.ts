import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { systemClock } from '#host/clock.ts'
import {
  becomes,
  clientAuthority,
  eventually,
  frontProxy,
  GROUP,
  json,
  ROOT,
  registered,
  resourceList,
  simple,
  startExtension,
  startFront,
} from './testing.ts'

const V2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

describe('discovery', () => {
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever is there
  const groupIn = (list: any) =>
    // biome-ignore lint/suspicious/noExplicitAny: as above
    (list.groups ?? list.items).find((each: any) => (each.name ?? each.metadata.name) === GROUP)

  test('shows it in every form, in its place, from a server that has the oldest form alone', async () => {
    await using extension = await simple()
    await using front = await registered(extension, systemClock, { groupPriorityMinimum: 17_790 })
    await becomes(front, 'Passed')
    const { body } = await front.ask('GET', '/apis')
    assert.deepEqual(groupIn(body), {
      name: GROUP,
      versions: [{ groupVersion: `${GROUP}/v1`, version: 'v1' }],
      preferredVersion: { groupVersion: `${GROUP}/v1`, version: 'v1' },
    })
    // After apps (17800), before events.k8s.io (17750).
    const names = body.groups.map(({ name }: { name: string }) => name)
    assert.equal(names[names.indexOf('apps') + 1], GROUP)
    assert.equal((await front.ask('GET', `/apis/${GROUP}`)).body.preferredVersion.version, 'v1')
    assert.deepEqual((await front.read('GET', ROOT)).body, resourceList(GROUP, 'v1'))
    const headers = { accept: V2 }
    const all = async () => groupIn((await front.ask('GET', '/apis', undefined, { headers })).body)
    await eventually(async () => (await all()).versions[0].freshness === 'Current')
    const [version] = (await all()).versions
    assert.deepEqual(version.resources, [
      {
        resource: 'flunders',
        responseKind: { group: GROUP, version: 'v1', kind: 'Flunder' },
        scope: 'Namespaced',
        singularResource: 'flunder',
        verbs: ['get', 'list', 'watch', 'create'],
        shortNames: ['fl'],
        subresources: [
          {
            subresource: 'status',
            responseKind: { group: GROUP, version: 'v1', kind: 'Flunder' },
            verbs: ['get'],
          },
        ],
      },
    ])
    assert.ok((await front.ask('GET', '/')).body.paths.includes(ROOT))
  })

  test('takes the newest form, and keeps it as stale while the server is away', async () => {
    const resources = [{ resource: 'flunders', scope: 'Namespaced', verbs: ['get'] }]
    let isWell = true
    await using extension = await startExtension((request, response) => {
      if (!isWell) return json(response, 503, {})
      if (request.url === ROOT) return json(response, 200, resourceList(GROUP, 'v1'))
      if (request.url !== '/apis') return json(response, 404, {})
      const items = [{ metadata: { name: GROUP }, versions: [{ version: 'v1', resources }] }]
      json(response, 200, { kind: 'APIGroupDiscoveryList', items }, { 'content-type': V2 })
    })
    await using front = await registered(extension, systemClock)
    const headers = { accept: V2 }
    const version = async () =>
      groupIn((await front.ask('GET', '/apis', undefined, { headers })).body)?.versions[0]
    await eventually(async () => (await version())?.freshness === 'Current')
    const complete = [{ ...resources[0], responseKind: { group: '', version: '', kind: '' } }]
    assert.deepEqual((await version()).resources, complete)
    isWell = false
    // Something about its service changes, so that it is looked at.
    await front.ask(
      'PATCH',
      '/api/v1/namespaces/default/services/extension',
      { metadata: { labels: { a: 'b' } } },
      { headers: { 'content-type': 'application/merge-patch+json' } },
    )
    await becomes(front, 'FailedDiscoveryCheck')
    await eventually(async () => (await version())?.freshness === 'Stale')
    assert.deepEqual((await version()).resources, complete)
  })
})

test('its OpenAPI documents are listed, handed out and merged', async () => {
  const flunder = { type: 'object', properties: { meta: { $ref: '#/definitions/Shared' } } }
  const documents: Record<string, object> = {
    [ROOT]: resourceList(GROUP, 'v1'),
    '/openapi/v3': {
      paths: { [`apis/${GROUP}/v1`]: { serverRelativeURL: `/openapi/v3${ROOT}?hash=ABC` } },
    },
    [`/openapi/v3${ROOT}`]: { openapi: '3.0.0', info: { title: 'theirs' } },
    '/openapi/v2': {
      swagger: '2.0',
      paths: {
        [`${ROOT}/flunders`]: {
          get: { schema: { $ref: '#/definitions/Flunder' } },
          parameters: [{ $ref: '#/parameters/limit' }],
        },
        '/apis/apps/v1/deployments': { get: { mine: true } },
      },
      parameters: { limit: { name: 'limit', schema: { $ref: '#/definitions/Limit' } } },
      definitions: {
        Flunder: flunder,
        Limit: { type: 'integer' },
        Shared: { type: 'string' },
        Unused: {},
      },
    },
  }
  await using extension = await startExtension((request, response) => {
    const document = documents[request.url?.split('?')[0] ?? '']
    json(response, document ? 200 : 404, document ?? {})
  })
  await using front = await registered(extension, systemClock)
  await becomes(front, 'Passed')
  const path = `apis/${GROUP}/v1`
  const index = async () => (await front.ask('GET', '/openapi/v3')).body.paths[path]
  await eventually(async () => (await index()) !== undefined)
  assert.deepEqual(await index(), { serverRelativeURL: `/openapi/v3/${path}?hash=ABC` })
  const document = await front.read('GET', `/openapi/v3/${path}`)
  assert.deepEqual(document, { status: 200, body: documents[`/openapi/v3${ROOT}`] })
  const merged = async () => (await front.ask('GET', '/openapi/v2')).body
  // Which is asked for after the other.
  await eventually(async () => (await merged()).definitions.Flunder !== undefined)
  const body = await merged()
  assert.deepEqual(body.definitions.Flunder, flunder)
  assert.deepEqual(body.definitions.Shared, { type: 'string' })
  assert.equal(body.definitions.Unused, undefined)
  assert.deepEqual(body.paths[`${ROOT}/flunders`].parameters, [
    { name: 'limit', schema: { $ref: '#/definitions/Limit' } },
  ])
  assert.deepEqual(body.definitions.Limit, { type: 'integer' })
  assert.equal(body.paths['/apis/apps/v1/deployments']?.get?.mine, undefined)
  assert.ok(body.definitions['io.k8s.api.core.v1.Pod'])
})

test('other servers read in a ConfigMap whom to believe; what others added stays', async () => {
  await using front = await startFront(() => 1, systemClock)
  const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication'
  await eventually(async () => (await front.ask('GET', path)).status === 200)
  const { body } = await front.ask('GET', path)
  const { data } = body
  const same = (one: string, other: string) =>
    assert.ok(new X509Certificate(one).raw.equals(new X509Certificate(other).raw))
  same(data['client-ca-file'], clientAuthority)
  same(data['requestheader-client-ca-file'], frontProxy.certificate)
  const lists = Object.entries(data).filter(([key]) => !key.endsWith('ca-file'))
  assert.deepEqual(Object.fromEntries(lists), {
    'requestheader-allowed-names': '["front-proxy-client"]',
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-uid-headers': '["X-Remote-Uid"]',
    'requestheader-username-headers': '["X-Remote-User"]',
  })
  const changed = { ...data, 'requestheader-allowed-names': '["other"]', 'client-ca-file': '' }
  await front.ask('PUT', path, { ...body, data: changed })
  await eventually(async () => {
    const { data: now } = (await front.ask('GET', path)).body
    return now['requestheader-allowed-names'] === '["other","front-proxy-client"]'
  })
  same((await front.ask('GET', path)).body.data['client-ca-file'], clientAuthority)
})
