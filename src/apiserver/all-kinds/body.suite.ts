/** Bodies that are not what they should be. */
import assert from 'node:assert/strict'
import type { Check, Shown, Subject } from './testing/subject.ts'

const unescaped = (warning = '') => warning.replaceAll('\\"', '"')

async function validation(subject: Subject): Promise<void> {
  const { kind } = subject
  const spoiled = (): string => {
    const text = JSON.stringify({ ...subject.body(subject.newName()), unknown: 1 })
    return text.replace('"metadata":{', '"metadata":{"labels":{},"labels":{"a":"b"},')
  }
  const complaints = 'duplicate field "metadata.labels", unknown field "unknown"'
  const strict = await subject.ask('POST', '?fieldValidation=Strict', spoiled())
  assert.equal(strict.status, 400)
  assert.equal(strict.body.reason, 'BadRequest')
  assert.equal(
    strict.body.message,
    `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: strict decoding error: ${complaints}`,
  )
  for (const query of ['', '?fieldValidation=Warn']) {
    const warned = await subject.ask('POST', query, spoiled())
    assert.equal(warned.status, 201, warned.body?.message)
    const warning = unescaped(warned.headers.warning)
    for (const complaint of complaints.split(', ')) assert.ok(warning.includes(complaint), warning)
    assert.deepEqual(warned.body.metadata.labels?.a, 'b', 'the last of them counts')
  }
  const ignored = await subject.ask('POST', '?fieldValidation=Ignore', spoiled())
  assert.equal(ignored.status, 201)
  assert.equal(unescaped(ignored.headers.warning).includes('unknown field'), false)
  const { message } = await subject.must(422, 'POST', '?fieldValidation=Maybe', spoiled())
  assert.equal(
    message,
    'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Maybe": ' +
      'supported values: "", "Ignore", "Strict", "Warn"',
  )
}

async function types(subject: Subject): Promise<void> {
  const { kind } = subject
  const body = subject.body(subject.newName())
  const group = kind.group === 'apps' ? 'batch' : 'apps'
  const wrong = await subject.must(400, 'POST', '', { ...body, apiVersion: `${group}/v9` })
  assert.equal(wrong.reason, 'BadRequest')
  assert.match(wrong.message, new RegExp(`no kind "${kind.kind}" is registered .*"${group}/v9"`))
  const { message } = await subject.must(400, 'POST', '', { ...body, kind: 'Other' })
  assert.match(message, /Other/)
  const { apiVersion: _, kind: __, ...untyped } = body
  const made = await subject.must(201, 'POST', '', untyped)
  assert.equal(made.kind, kind.kind)
  for (const text of ['', '{', '[]', '"text"', 'null'])
    assert.equal((await subject.ask('POST', '', text)).status, 400, text)
}

async function places(subject: Subject): Promise<void> {
  const elsewhere = subject.body(subject.newName(), { namespace: 'elsewhere' })
  if (!subject.isNamespaced) {
    const { metadata } = await subject.must(201, 'POST', '', elsewhere)
    assert.equal(metadata.namespace, undefined)
    return
  }
  const { message } = await subject.must(400, 'POST', '', elsewhere)
  assert.equal(
    message,
    'the namespace of the provided object does not match the namespace sent on the request',
  )
}

async function fields(subject: Subject): Promise<void> {
  const name = subject.newName()
  for (const metadata of [{ labels: 'text' }, { labels: { a: 1 } }, { annotations: [] }]) {
    const { reason, message } = await subject.must(400, 'POST', '', subject.body(name, metadata))
    assert.equal(reason, 'BadRequest')
    assert.match(message, /labels|annotations/)
  }
  const { status } = await subject.patch('merge', `/${(await subject.make()).metadata.name}`, {
    metadata: { labels: 'text' },
  })
  assert.ok(status === 400 || status === 422, String(status))
}

async function names(subject: Subject): Promise<void> {
  for (const name of ['a/b', '..', 'with%percent']) {
    const { reason, details } = await subject.must(422, 'POST', '', subject.body(name))
    assert.equal(reason, 'Invalid')
    const causes: Shown[] = details.causes
    const cause = causes.find(({ field }) => field === 'metadata.name')
    assert.equal(cause?.reason, 'FieldValueInvalid', name)
    assert.ok(cause.message.startsWith(`Invalid value: ${JSON.stringify(name)}: `))
  }
  const labelled = subject.body(subject.newName(), { labels: { 'not ok': 'x', fine: 'not ok' } })
  const { details } = await subject.must(422, 'POST', '', labelled)
  const labels = details.causes.filter(({ field }: Shown) => field === 'metadata.labels')
  assert.equal(labels.length, 2, 'all causes at once')
}

async function media(subject: Subject): Promise<void> {
  const body = JSON.stringify(subject.body(subject.newName()))
  const headers = { 'content-type': 'text/plain' }
  const { status, body: answer } = await subject.ask('POST', '', body, { headers })
  assert.equal(status, 415)
  assert.equal(answer.reason, 'UnsupportedMediaType')
}

export const bodyChecks: readonly Check[] = [
  { title: 'unknown and repeated fields are refused, told or ignored', run: validation },
  { title: 'a body is of the kind and version of the path', run: types },
  { title: 'a body is of the namespace of the path', run: places },
  { title: 'fields have their types', run: fields },
  { title: 'names and labels keep to their rules', run: names },
  { title: 'unknown media types are refused', run: media },
]
