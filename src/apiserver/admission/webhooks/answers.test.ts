/** Answers that are odd are told in upstream's words. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { at, patchOf, startCallingServer, startWebhook } from './testing.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const INVALID = 'received invalid webhook response: '
const CALL = 'failed to call webhook: '

const odd: readonly [object, string][] = [
  [{ status: 503, text: '' }, `${CALL}the server is currently unable to handle the request`],
  [{ status: 403, text: 'no entry' }, `${CALL}no entry`],
  [
    { status: 302, text: '' },
    `${CALL}the server responded with the status code 302 but did not return more information`,
  ],
  [{ status: 500, text: '{"kind":"Status","status":"Failure","message":"busy"}' }, `${CALL}busy`],
  [
    { status: 200, text: '' },
    `${CALL}0-length response with status code: 200 and content type: application/json`,
  ],
  [
    { status: 200, text: '{"kind":"Review","apiVersion":"admission.k8s.io/v1"}' },
    `${CALL}no kind "Review" is registered for version "admission.k8s.io/v1" in scheme "pkg/runtime/scheme.go:111"`,
  ],
  [
    { status: 200, text: '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1"}' },
    `${CALL}converting (v1beta1.AdmissionReview) to (v1.AdmissionReview): unknown conversion`,
  ],
  [
    { status: 200, text: '{"kind":"AdmissionReview"' },
    `${CALL}couldn't get version/kind; json parse error: unexpected end of JSON input`,
  ],
  [
    { allowed: 'true' },
    `${CALL}json: cannot unmarshal string into Go struct field AdmissionResponse.response.allowed of type bool`,
  ],
  [
    { uid: 5 },
    `${CALL}json: cannot unmarshal number into Go struct field AdmissionResponse.response.uid of type types.UID`,
  ],
  [
    { patchType: 'JSONPatch', patch: base64('{}') },
    'received undecodable patch in webhook response: json: cannot unmarshal object into Go value of type jsonpatch.Patch',
  ],
  [{ patchType: 'Magic', patch: base64('[{}]') }, 'unsupported patch type "Magic"'],
  [
    { patchType: '', patch: base64('[]') },
    `${INVALID}webhook returned invalid response.patchType of ""`,
  ],
]
for (const [answer, why] of odd)
  test(`an answer that is no review: ${JSON.stringify(answer)}`, async () => {
    await using webhook = await startWebhook(() => answer)
    await using api = await startCallingServer()
    await api.configure('Mutating', 'one', at(webhook))
    const { status, body } = await api.create('a')
    assert.equal(status, 500)
    assert.equal(body.message, `Internal error occurred: failed calling webhook "a.one.io": ${why}`)
  })

const unappliable: readonly [object, string][] = [
  [{ op: 'test', path: '/data/k', value: 'w' }, 'testing value /data/k failed: test failed'],
  [{ op: 'put', path: '/data/k' }, 'Unexpected kind: put'],
  [
    { op: 'remove', path: '/none/x' },
    'remove operation does not apply: doc is missing path: "/none/x": missing value',
  ],
  [{ op: 'add', path: '/kind', value: 'Secret' }, 'illegal base64 data at input byte 0'],
  [
    { op: 'add', path: '/data', value: 5 },
    'json: cannot unmarshal number into Go struct field ConfigMap.data of type map[string]string',
  ],
]
for (const [operation, why] of unappliable)
  test(`a patch that makes nothing of use: ${JSON.stringify(operation)}`, async () => {
    await using webhook = await startWebhook(() => patchOf(operation))
    await using api = await startCallingServer()
    await api.configure('Mutating', 'one', at(webhook, { failurePolicy: 'Ignore' }))
    const { status, body } = await api.create('a', { data: { k: 'v' } })
    assert.deepEqual([status, body.message], [500, `Internal error occurred: ${why}`])
  })

test('another kind that could be read is refused all the same', async () => {
  await using webhook = await startWebhook(() =>
    patchOf({ op: 'add', path: '/kind', value: 'ServiceAccount' }),
  )
  await using api = await startCallingServer()
  await api.configure('Mutating', 'one', at(webhook))
  const { status, body } = await api.create('a')
  assert.equal(status, 500)
  assert.equal(
    body.message,
    'converting (v1.ServiceAccount) to (core.ConfigMap): unknown conversion',
  )
})

test('owners that a webhook makes up are taken where they make sense', async () => {
  for (const [entry, isTaken] of [
    [
      { manager: 'x', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: {} },
      true,
    ],
    [{ manager: 'x', operation: 'Nothing' }, false],
  ] as const) {
    await using webhook = await startWebhook(() =>
      patchOf({ op: 'add', path: '/metadata/managedFields', value: [entry] }),
    )
    await using api = await startCallingServer()
    await api.configure('Mutating', 'one', at(webhook))
    const { body, headers } = await api.create('a', { data: { k: 'v' } })
    assert.equal(body.metadata.managedFields[0].manager === 'x', isTaken)
    assert.equal(/in an invalid state after admission/.test(headers.warning ?? ''), !isTaken)
  }
})

test('who asks to be asked again is, and a refusal says when to come back', async () => {
  let times = 0
  await using webhook = await startWebhook(() => {
    times++
    return times === 1
      ? { status: 429, text: 'later', headers: { 'retry-after': '3' } }
      : { allowed: false, status: { details: { retryAfterSeconds: 7 } } }
  })
  await using api = await startCallingServer()
  await api.configure('Validating', 'one', at(webhook, { timeoutSeconds: 30 }))
  let isOver = false
  const creating = api.create('a').finally(() => {
    isOver = true
  })
  while (times < 1 && !isOver) await delay(5)
  // In small steps: of the half minute by this clock the network, which goes by another one, must not need all.
  while (times < 2 && !isOver) {
    api.clock.advance(100)
    await delay(5)
  }
  assert.equal((await creating).headers['retry-after'], '7')
})

test('a warning that no header can carry is not told, others are in their own letters', async () => {
  await using webhook = await startWebhook(() => ({ warnings: ['one\ntwo', '', 'αβγ'] }))
  await using api = await startCallingServer()
  await api.configure('Validating', 'one', at(webhook))
  const { headers } = await api.create('a')
  const inUtf8 = Buffer.from('αβγ').toString('latin1')
  assert.equal(headers.warning, `299 - "${inUtf8}"`)
})
