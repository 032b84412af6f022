/** Reading: one object and many, in every representation, and by every selector. */
import assert from 'node:assert/strict'
import { decodeObject } from '#api/machinery/decode.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { decodeObjectProtobuf } from '#api/machinery/protobuf-envelope.ts'
import { parseYaml } from '#api/machinery/yaml.ts'
import { admin } from '../testing.ts'
import { type Check, failure, type Shown, type Subject } from './testing/subject.ts'

const accept = (type: string) => ({ headers: { accept: type } })
const as = (kind: string) => accept(`application/json;as=${kind};g=meta.k8s.io;v=v1`)
const namesIn = (list: Shown): string[] => list.items.map((each: Shown) => each.metadata.name)
const encoded = encodeURIComponent

async function representations(subject: Subject): Promise<void> {
  const { name } = (await subject.make()).metadata
  const object = await subject.must(200, 'GET', `/${name}`)
  assert.equal(object.apiVersion, apiVersionOf(subject.kind))
  assert.equal(object.kind, subject.kind.kind)
  const yaml = await subject.ask('GET', `/${name}`, undefined, accept('application/yaml'))
  assert.deepEqual(plain(parseYaml(Buffer.from(yaml.text))), object)
  const pruned = decodeObject(subject.kind, object).object
  assert.deepEqual(await inProtobuf(subject, `/${name}`), plain(pruned))
  const bare = await subject.ask('GET', `/${name}`, undefined, as('PartialObjectMetadata'))
  assert.deepEqual(bare.body, {
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: subject.kind.metadataAlone(object.metadata),
  })
}

const plain = (value: unknown) => JSON.parse(JSON.stringify(value))

async function inProtobuf(subject: Subject, below: string): Promise<unknown> {
  const headers = { accept: 'application/vnd.kubernetes.protobuf' }
  const request = { method: 'GET' as const, path: subject.at + below, headers }
  const { body } = await subject.server.server.handle(request, { user: admin })
  assert.ok(body.kind === 'bytes')
  return plain(decodeObject(subject.kind, decodeObjectProtobuf(subject.kind, body.bytes)).object)
}

async function tables(subject: Subject): Promise<void> {
  const { metadata } = await subject.make({ labels: { suite: 'table' } })
  const own = subject.kind.columns.filter(each => !each.isUndefined).map(({ name }) => name)
  const columns = own.length > 0 ? own : ['Name', 'Created At']
  for (const below of [`/${metadata.name}`, '?labelSelector=suite%3Dtable']) {
    const { body } = await subject.ask('GET', below, undefined, as('Table'))
    assert.equal(body.kind, 'Table')
    const names: string[] = body.columnDefinitions.map((each: Shown) => each.name)
    assert.deepEqual(names.slice(-columns.length), columns)
    assert.equal(body.rows.length, 1)
    const more = subject.kind.columns.length - own.length
    assert.equal(body.rows[0].cells.length, names.length + more)
    assert.equal(body.rows[0].cells[names.indexOf('Name')], metadata.name)
    assert.equal(body.rows[0].object.kind, 'PartialObjectMetadata')
    assert.equal(body.rows[0].object.metadata.uid, metadata.uid)
  }
  const whole = await subject.ask(
    'GET',
    `/${metadata.name}?includeObject=Object`,
    undefined,
    as('Table'),
  )
  assert.deepEqual(whole.body.rows[0].object, await subject.read({ metadata }))
  const none = await subject.ask(
    'GET',
    `/${metadata.name}?includeObject=None`,
    undefined,
    as('Table'),
  )
  assert.equal(none.body.rows[0].object ?? undefined, undefined)
}

async function pages(subject: Subject): Promise<void> {
  const labels = { suite: 'pages' }
  const made: string[] = []
  for (let i = 0; i < 3; i++) made.push((await subject.make({ labels })).metadata.name)
  const selector = 'labelSelector=suite%3Dpages'
  const first = await subject.must(200, 'GET', `?${selector}&limit=2`)
  assert.equal(first.kind, subject.kind.listKind)
  assert.equal(first.metadata.remainingItemCount, undefined)
  const token = first.metadata.continue
  const second = await subject.must(200, 'GET', `?${selector}&limit=2&continue=${token}`)
  assert.equal(second.metadata.continue, undefined)
  assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion)
  assert.deepEqual([...namesIn(first), ...namesIn(second)], made.sort())
  assert.deepEqual(namesIn(await subject.must(200, 'GET', '?labelSelector=suite%3Dnone')), [])
  const bare = await subject.ask('GET', `?${selector}`, undefined, as('PartialObjectMetadataList'))
  assert.equal(bare.body.kind, 'PartialObjectMetadataList')
  assert.deepEqual(namesIn(bare.body), made)
}

async function fieldSelectors(subject: Subject): Promise<void> {
  const object = await subject.read(await subject.make())
  const { name, namespace } = object.metadata
  const select = async (text: string) =>
    namesIn(await subject.must(200, 'GET', `?fieldSelector=${encoded(text)}`))
  assert.deepEqual(await select(`metadata.name=${name}`), [name])
  assert.equal((await select(`metadata.name!=${name}`)).includes(name), false)
  if (namespace) assert.ok((await select(`metadata.namespace=${namespace}`)).includes(name))
  for (const [field, value] of Object.entries(subject.kind.fieldSelectors)) {
    const is = value(object as KubernetesObject)
    assert.ok((await select(`${field}=${is}`)).includes(name), `${field}=${is}`)
    assert.equal((await select(`${field}!=${is}`)).includes(name), false, `${field}!=${is}`)
    assert.equal((await select(`${field}=${is}other`)).includes(name), false, `${field}=${is}other`)
  }
  const own = Object.keys(subject.kind.fieldSelectors).length > 0
  const { message } = await subject.must(400, 'GET', '?fieldSelector=spec.unknown%3D1')
  if (own)
    assert.match(
      message,
      /^field label ("spec\.unknown" )?not supported( for \S+)?(, Kind=\S+)?(: spec\.unknown)?$/,
    )
  else
    assert.equal(
      message,
      '"spec.unknown" is not a known field selector: only "metadata.name", "metadata.namespace"',
    )
  for (const query of ['?watch=1&fieldSelector=spec.unknown%3D1', '?fieldSelector=nonsense'])
    assert.equal((await subject.must(400, 'GET', query)).reason, 'BadRequest')
}

async function acceptance(subject: Subject): Promise<void> {
  const { metadata } = await subject.make()
  for (const below of ['', `/${metadata.name}`]) {
    const refused = await subject.ask('GET', below, undefined, accept('image/png'))
    assert.equal(refused.status, 406)
    assert.equal(refused.body.reason, 'NotAcceptable')
    assert.match(
      refused.body.message,
      /^406: Not Acceptable\n\nAvailable representations: application\/json, /,
    )
  }
}

async function everyNamespace(subject: Subject): Promise<void> {
  const labels = { suite: 'everywhere' }
  const { metadata } = await subject.make({ labels })
  const { at } = subject
  const all = at.replace('/namespaces/default', '')
  const { body } = await subject.server.ask('GET', `${all}?labelSelector=suite%3Deverywhere`)
  assert.deepEqual(namesIn(body), [metadata.name])
  const elsewhere = at.replace('/default/', '/kube-system/')
  const none = await subject.server.ask('GET', `${elsewhere}?labelSelector=suite%3Deverywhere`)
  assert.deepEqual(none.body.items, [])
  assert.equal((await subject.server.ask('GET', `${elsewhere}/${metadata.name}`)).status, 404)
}

async function otherScope(subject: Subject): Promise<void> {
  const { metadata } = await subject.make()
  const root = subject.at.slice(0, subject.at.lastIndexOf('/'))
  const { plural } = subject.kind
  const misplaced = subject.isNamespaced
    ? `${root.replace('/namespaces/default', '')}/${plural}/${metadata.name}`
    : `${root}/namespaces/default/${plural}/${metadata.name}`
  const { status, body } = await subject.server.ask('GET', misplaced)
  assert.equal(status, 404)
  assert.deepEqual(
    body,
    failure(404, 'NotFound', 'the server could not find the requested resource', {}),
  )
  if (!subject.isNamespaced) return
  // Of kinds that somebody defined, the path is none for this verb; of all others it is one for GET alone.
  const everywhere = `${root.replace('/namespaces/default', '')}/${plural}`
  const emptied = await subject.server.ask('DELETE', everywhere)
  assert.equal(emptied.status, subject.kind.custom ? 404 : 405)
  await subject.must(200, 'GET', `/${metadata.name}`)
}

const isNamespaced = ({ scope }: { scope: string }) => scope === 'Namespaced'

export const readChecks: readonly Check[] = [
  { title: 'JSON, YAML, protobuf and bare metadata say the same', run: representations },
  { title: 'tables have a row for each and all columns', run: tables },
  { title: 'lists come in pages', run: pages },
  { title: 'fields select', run: fieldSelectors },
  { title: 'what cannot be represented is 406', run: acceptance },
  { title: 'namespaces part what is in them', of: isNamespaced, run: everyNamespace },
  {
    title: 'nothing is found in the other scope',
    of: ({ plural }) => plural !== 'namespaces',
    run: otherScope,
  },
]
