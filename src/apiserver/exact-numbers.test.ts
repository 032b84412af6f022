/** Numbers of 64 bits go through every door and come out as they went in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import { encodeObjectProtobuf } from '#api/machinery/protobuf-envelope.ts'
import { PROTOBUF_TYPE } from './media-type.ts'
import { admin, startTestServer, type TestServer } from './testing.ts'

const MOST = '9223372036854775807'
const pods = '/api/v1/namespaces/default/pods'
const podText = (name: string, seconds = MOST) =>
  `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"${name}"},"spec":{"terminationGracePeriodSeconds":${seconds},"containers":[{"name":"c","image":"i"}]}}`
async function start() {
  const server = await startTestServer()
  // Pods wait for it.
  const account = { metadata: { name: 'default' } }
  await server.ask('POST', '/api/v1/namespaces/default/serviceaccounts', account)
  return server
}

const patchOf = (type: string) => ({ headers: { 'content-type': type } })

async function secondsOf({ ask }: TestServer, name: string): Promise<string | undefined> {
  const { text } = await ask('GET', `${pods}/${name}`)
  return /"terminationGracePeriodSeconds":(\d+)/.exec(text)?.[1]
}

test('int64 in JSON, YAML and protobuf, read again in each', async () => {
  const server = await start()
  const { ask } = server
  const yaml = `metadata: {name: yaml}\nspec:\n  terminationGracePeriodSeconds: ${MOST}\n  containers: [{name: c, image: i}]\n`
  const object = {
    metadata: { name: 'protobuf' },
    spec: {
      terminationGracePeriodSeconds: BigInt(MOST),
      containers: [{ name: 'c', image: 'i' }],
    },
  }
  assert.equal((await ask('POST', pods, podText('json'))).status, 201)
  const written = await ask('POST', pods, yaml, patchOf('application/yaml'))
  assert.equal(written.status, 201, written.text)
  const bytes = encodeObjectProtobuf(podKind, object)
  assert.equal((await ask('POST', pods, bytes, patchOf(PROTOBUF_TYPE))).status, 201)
  for (const name of ['json', 'yaml', 'protobuf']) {
    assert.equal(await secondsOf(server, name), MOST)
    const accept = (type: string) =>
      ask('GET', `${pods}/${name}`, undefined, { headers: { accept: type } })
    assert.match((await accept('application/yaml')).text, new RegExp(`Seconds: ${MOST}\n`))
    const again = (await accept('application/json;pretty=1')).text
    assert.match(again, new RegExp(`Seconds": ?${MOST}`))
  }
  const list = await ask('GET', pods, undefined, { headers: { accept: 'application/yaml' } })
  assert.equal(list.text.split(`Seconds: ${MOST}`).length, 4)
})

test('int64 in patches, apply and comparison', async () => {
  const server = await start()
  const { ask } = server
  const status = async (...asked: Parameters<typeof ask>) => (await ask(...asked)).status
  assert.equal(await status('POST', pods, podText('p')), 201)
  const at = `${pods}/p`
  const before = (await ask('GET', at)).body.metadata.resourceVersion
  const same = `{"spec":{"terminationGracePeriodSeconds":${MOST}}}`
  for (const type of ['application/merge-patch+json', 'application/strategic-merge-patch+json'])
    assert.equal(await status('PATCH', at, same, patchOf(type)), 200)
  const tested = `[{"op":"test","path":"/spec/terminationGracePeriodSeconds","value":${MOST}}]`
  const differs = tested.replace(MOST, '9223372036854775806')
  assert.equal(await status('PATCH', at, tested, patchOf('application/json-patch+json')), 200)
  assert.equal(await status('PATCH', at, differs, patchOf('application/json-patch+json')), 422)
  assert.equal((await ask('GET', at)).body.metadata.resourceVersion, before)
  const applied = await ask(
    'PATCH',
    `${at}?fieldManager=m&force=true`,
    podText('p'),
    patchOf('application/apply-patch+yaml'),
  )
  assert.equal(applied.status, 200, applied.text)
  assert.equal(await secondsOf(server, 'p'), MOST)
  // Told in full in the message about a field that may not change.
  const changed = same.replace(MOST, '9007199254740993')
  const refused = await ask('PATCH', at, changed, patchOf('application/merge-patch+json'))
  assert.equal(refused.status, 422)
  assert.match(refused.body.message, /9007199254740993/)
  assert.equal(await status('DELETE', at), 200)
})

test('numbers beyond 64 bits are refused where a number is meant, and kept where anything may stand', async () => {
  const { ask } = await start()
  const refused = await ask('POST', pods, podText('p', '9223372036854775808'))
  assert.equal(refused.status, 400)
  assert.match(
    refused.body.message,
    /cannot unmarshal number 9223372036854775808 into Go struct field PodSpec\.spec\.terminationGracePeriodSeconds of type int64$/,
  )
  const revision = `{"metadata":{"name":"r"},"revision":1,"data":{"n":18446744073709551617}}`
  const kept = await ask('POST', '/apis/apps/v1/namespaces/default/controllerrevisions', revision)
  if (kept.status !== 404) assert.match(kept.text, /"n":18446744073709551617/)
})

test('numbers larger than any float are refused: JSON would have null for them', async () => {
  const { ask } = await start()
  const revisions = '/apis/apps/v1/namespaces/default/controllerrevisions'
  const json = (number: string) => `{"metadata":{"name":"r"},"revision":1,"data":{"n":${number}}}`
  const why = 'json: cannot unmarshal number 1e400 into Go'
  const refused = async (expected: string, ...asked: Parameters<typeof ask>) => {
    const { status, body } = await ask(...asked)
    assert.deepEqual([status, body.message], [400, expected])
  }
  const of = 'ControllerRevision in version "v1" cannot be handled as a ControllerRevision'
  await refused(`${of}: ${why} value of type float64`, 'POST', revisions, json('1e400'))
  assert.equal((await ask('POST', revisions, json('1e4'))).status, 201)
  const patch = (type: string, body: string, expected: string) =>
    refused(expected, 'PATCH', `${revisions}/r`, body, patchOf(`application/${type}`))
  const field = '{"revision":1e400}'
  await patch('strategic-merge-patch+json', field, `${why} value of type float64`)
  const patching = `error decoding patch: ${why}`
  await patch('merge-patch+json', field, `${patching} value of type float64`)
  const add = '[{"op":"add","path":"/revision","value":1e400}]'
  await patch('json-patch+json', add, `${patching} struct field jsonPatchOp.value of type float64`)
  const yaml =
    'apiVersion: apps/v1\nkind: ControllerRevision\nmetadata: {name: r}\nrevision: -.inf\n'
  await patch(
    'apply-patch+yaml',
    yaml,
    'error decoding YAML: error converting YAML to JSON: json: unsupported value: -Inf',
  )
})

test('a bound pod with an endless grace is deleted all the same', async () => {
  const { ask, server } = await start()
  assert.equal((await ask('POST', pods, podText('p'))).status, 201)
  const target = { kind: 'Node', name: 'n' }
  await ask('POST', `${pods}/p/binding`, { metadata: { name: 'p' }, target })
  const gone = await ask('DELETE', `${pods}/p`)
  assert.equal(gone.status, 200, gone.text)
  const watched = await server
    .transportFor(admin)
    .request({ method: 'GET', path: `${pods}/p`, objects: true })
  assert.equal(watched.status, 200)
  assert.match(gone.body.metadata.deletionTimestamp, /^2094-/)
})

test('how a number is written counts where a body or a patch is text', async () => {
  const { ask } = await start()
  const told = async (...asked: Parameters<typeof ask>) => {
    const { status, body } = await ask(...asked)
    return `${status} ${body.message ?? body.spec.terminationGracePeriodSeconds}`
  }
  const field = 'PodSpec.spec.terminationGracePeriodSeconds of type int64'
  const wrong = (number: string) =>
    `json: cannot unmarshal number ${number} into Go struct field ${field}`
  assert.equal(
    await told('POST', pods, podText('a', '1e1')),
    `400 Pod in version "v1" cannot be handled as a Pod: ${wrong('1e1')}`,
  )
  const yaml = patchOf('application/yaml')
  assert.equal(await told('POST', pods, podText('a', ' 1e1'), yaml), '201 10')
  assert.equal(await told('POST', pods, podText('b', ' 0o17'), yaml), '201 15')
  assert.equal(await told('POST', pods, podText('c', ' 1e18'), yaml), '201 1000000000000000000')
  const patch = (type: string, body: string) =>
    told('PATCH', `${pods}/a?dryRun=All`, body, patchOf(type))
  const merge = '{"spec":{"terminationGracePeriodSeconds":1.0}}'
  const pointer = '/spec/terminationGracePeriodSeconds'
  const operations = (op: string) => `[{"op":"${op}","path":"${pointer}","value":10.0}]`
  assert.ok((await patch('application/merge-patch+json', merge)).endsWith(`": ${wrong('1.0')}`))
  assert.ok(
    (await patch('application/json-patch+json', operations('replace'))).endsWith(
      `": ${wrong('10.0')}`,
    ),
  )
  assert.match(await patch('application/json-patch+json', operations('test')), /^422 .*testing/)
  const strategic = 'application/strategic-merge-patch+json'
  assert.equal(await patch(strategic, '{"spec":{"terminationGracePeriodSeconds":1e1}}'), '200 10')
})

test('numbers that do not fit are wrapped in strategic patches and applies', async () => {
  const { ask } = await start()
  const at = '/apis/apps/v1/namespaces/default/deployments'
  const labels = { a: 'b' }
  const spec = { containers: [{ name: 'x', image: 'y' }] }
  const body = (replicas: number) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  })
  assert.equal((await ask('POST', `${at}?fieldManager=first`, body(1))).status, 201)
  const patch = (type: string, sent: object, query = '') =>
    ask('PATCH', `${at}/d?dryRun=All&fieldManager=test${query}`, sent, patchOf(type))
  const strategic = 'application/strategic-merge-patch+json'
  const patched = await patch(strategic, { spec: { replicas: 2 ** 32 + 3 } })
  assert.equal(patched.body.spec?.replicas, 3, patched.text)
  const applied = await patch('application/apply-patch+yaml', body(2 ** 32 + 1), '&force=true')
  assert.equal(applied.body.spec?.replicas, 1, applied.text)
  const refused = await patch(strategic, { spec: { replicas: 2 ** 31 } })
  assert.match(refused.body.message, /spec\.replicas: Invalid value: -2147483648: must be greater/)
})
