/** Which revision a list, a watch or a get is about: every combination that clients can ask for, and what is refused. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { kinds as allKinds } from '#api/kinds.ts'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { type Answer, startTestServer, startWatch, type TestServer } from './testing.ts'

const AT = '/api/v1/namespaces/default/configmaps'
/** Of writes that never happen. */
const FUTURE = 999_999

const store = createMemoryStore()
// The server itself would write these as time passes, and revisions would move.
const WRITTEN_LATER = ['apiservices', 'flowschemas']
const kinds = allKinds.filter(({ plural }) => !WRITTEN_LATER.includes(plural))
let started: TestServer
/** Revisions: one that is forgotten, one at which `a` and `b` were there, and one with `b` and `c`. */
let forgotten: string
let past: string
let present: string

before(async () => {
  started = await startTestServer({ store, kinds })
  const make = (name: string) => started.ask('POST', AT, { metadata: { name } })
  const revision = async () => (await started.ask('GET', AT)).body.metadata.resourceVersion
  await make('a')
  forgotten = await revision()
  await make('b')
  past = await revision()
  await store.compact(Number(past))
  await started.ask('DELETE', `${AT}/a`)
  await make('c')
  present = await revision()
})
after(() => started.server.stop())

const fill = (query: string) =>
  query
    .replace('$past', past)
    .replace('$present', present)
    .replace('$forgotten', forgotten)
    .replace('$future', String(FUTURE))

/** Answers, even where the server waits a moment for a revision to come. */
async function list(query: string, path = AT): Promise<Answer> {
  const answer = started.ask('GET', `${path}?${fill(query)}`)
  for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve))
  started.clock.advance(4_000)
  return answer
}

const namesOf = ({ body }: Answer) =>
  body.items.map((item: { metadata: { name: string } }) => item.metadata.name).join(' ')

/** What is shown, by the query of a list. */
const LISTS: readonly (readonly [query: string, names: string, revision: '$past' | '$present'])[] =
  [
    ['', 'b c', '$present'],
    ['resourceVersion=', 'b c', '$present'],
    ['limit=5', 'b c', '$present'],
    ['limit=-1', 'b c', '$present'],
    ['limit=1', 'b', '$present'],
    ['resourceVersion=0', 'b c', '$present'],
    // Whoever is content with anything gets it at once, as from upstream's cache.
    ['resourceVersion=0&limit=1', 'b c', '$present'],
    ['resourceVersion=0&limit=1&resourceVersionMatch=NotOlderThan', 'b c', '$present'],
    ['resourceVersion=0&resourceVersionMatch=NotOlderThan', 'b c', '$present'],
    ['resourceVersion=$past', 'b c', '$present'],
    ['resourceVersion=$past&resourceVersionMatch=NotOlderThan', 'b c', '$present'],
    ['resourceVersion=$past&resourceVersionMatch=NotOlderThan&limit=1', 'b', '$present'],
    ['resourceVersion=$past&resourceVersionMatch=Exact', 'a b', '$past'],
    ['resourceVersion=$past&resourceVersionMatch=Exact&limit=1', 'a', '$past'],
    // Without a match, a limit has always meant exactly this revision.
    ['resourceVersion=$past&limit=1', 'a', '$past'],
    ['resourceVersion=$past&limit=5', 'a b', '$past'],
    ['resourceVersion=$present&resourceVersionMatch=Exact', 'b c', '$present'],
    ['resourceVersion=$forgotten', 'b c', '$present'],
    ['resourceVersion=$forgotten&resourceVersionMatch=NotOlderThan', 'b c', '$present'],
  ]

test('a list shows the newest, any, at least or exactly the state that is asked for', async () => {
  for (const [query, names, revision] of LISTS) {
    const answer = await list(query)
    assert.equal(answer.status, 200, `${query}: ${answer.body.message}`)
    assert.equal(namesOf(answer), names, query)
    assert.equal(answer.body.metadata.resourceVersion, fill(revision), query)
  }
})

test('pages go on at the revision of the first, whatever it was', async () => {
  for (const [query, rest, revision] of [
    ['limit=1', 'c', '$present'],
    ['resourceVersion=$past&limit=1', 'b', '$past'],
    ['resourceVersion=$past&resourceVersionMatch=Exact&limit=1', 'b', '$past'],
  ] as const) {
    const { metadata } = (await list(query)).body
    assert.equal(metadata.remainingItemCount, 1)
    for (const also of ['', '&resourceVersion=0', '&resourceVersion=']) {
      const next = await list(`limit=1&continue=${metadata.continue}${also}`)
      assert.equal(next.status, 200, `${query}${also}: ${next.body.message}`)
      assert.equal(namesOf(next), rest)
      assert.equal(next.body.metadata.resourceVersion, fill(revision))
      assert.equal(next.body.metadata.continue, undefined)
    }
    const pinned = await list(`continue=${metadata.continue}&resourceVersion=$present`)
    assert.equal(pinned.status, 400)
    const message = 'specifying resource version is not allowed when using continue'
    assert.equal(pinned.body.message, message)
  }
})

test('a revision that never comes is 504, a forgotten one 410', async () => {
  for (const named of [String(FUTURE), '9223372036854775807'])
    for (const [query, seconds] of [
      ['', 1],
      ['&limit=1', 0],
      ['&resourceVersionMatch=NotOlderThan', 1],
      ['&resourceVersionMatch=Exact', 0],
    ] as const) {
      const { body, headers } = await list(`resourceVersion=${named}${query}`)
      assert.deepEqual(body, {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: `Timeout: Too large resource version: ${named}, current: ${present}`,
        reason: 'Timeout',
        details: {
          causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
          ...(seconds && { retryAfterSeconds: seconds }),
        },
        code: 504,
      })
      assert.equal(headers['retry-after'], seconds ? '1' : undefined)
    }
  for (const query of [
    '&limit=1',
    '&resourceVersionMatch=Exact',
    '&resourceVersionMatch=Exact&limit=1',
  ]) {
    const { body } = await list(`resourceVersion=$forgotten${query}`)
    assert.deepEqual(body, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'The resourceVersion for the provided list is too old.',
      reason: 'Expired',
      code: 410,
    })
  }
})

const parsing = (text: string, why = 'invalid syntax') =>
  `invalid resource version: resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": ${why}`
const number = (text: string, why = 'invalid syntax') =>
  `strconv.ParseInt: parsing "${text}": ${why}`
const token = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const start = { v: 'meta.k8s.io/v1', rv: 5, start: 'default/a\0', of: '/registry/configmaps/' }
const KEY = 'invalid continue token: continue key is not valid'

/** Queries of lists that no value would make sense of. */
const MALFORMED: readonly (readonly [query: string, message: string])[] = [
  ['resourceVersion=junk', parsing('junk')],
  ['resourceVersion=-1', parsing('-1')],
  ['resourceVersion=1.5', parsing('1.5')],
  ['resourceVersion=junk&limit=1', parsing('junk')],
  ['resourceVersion=junk&resourceVersionMatch=Exact', parsing('junk')],
  ['resourceVersion=18446744073709551616', parsing('18446744073709551616', 'value out of range')],
  ['limit=', number('')],
  ['limit=ten', number('ten')],
  ['limit=9223372036854775808', number('9223372036854775808', 'value out of range')],
  ['timeoutSeconds=1.5', number('1.5')],
  [
    `continue=${token({ ...start, v: 'v2' })}`,
    `${KEY}: server does not recognize this encoded version v2`,
  ],
  [
    `continue=${token({ ...start, rv: 0 })}`,
    `${KEY}: incorrect encoded start resourceVersion (version meta.k8s.io/v1)`,
  ],
  [
    `continue=${token({ ...start, start: '' })}`,
    `${KEY}: encoded start key empty (version meta.k8s.io/v1)`,
  ],
  [`continue=${token({ ...start, start: '../a\0' })}`, `${KEY}: ../a\0`],
  // What is wrong with the token is told first.
  ['continue=%21&resourceVersion=5', `${KEY}: illegal base64 data at input byte 0`],
  ['continue=garbage', `${KEY}: invalid character '\\u0081' looking for beginning of value`],
  ['continue=e30', `${KEY}: server does not recognize this encoded version `],
]

test('malformed numbers, revisions and tokens are 400', async () => {
  for (const [query, message] of MALFORMED) {
    const { body } = await list(query)
    assert.equal(body.message, message, query)
    assert.equal(body.code, 400, query)
    assert.equal(body.reason, 'BadRequest', query)
  }
  assert.equal((await list('watch=1&limit=ten')).body.code, 400)
  // Upstream has no reason for it.
  const { code, reason } = (await list('watch=1&resourceVersion=junk')).body
  assert.deepEqual([code, reason], [500, undefined])
})

const MATCH = 'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden'
const EXACT = `${MATCH.slice(0, -'is forbidden'.length)}"exact" is forbidden for resourceVersion "0"`
const UNKNOWN =
  'resourceVersionMatch: Unsupported value: "Some": supported values: "Exact", "NotOlderThan", ""'
const ONLY = (value: string) =>
  `resourceVersionMatch: Unsupported value: "${value}": supported values: "NotOlderThan"`
const REQUIRES =
  'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'
const FOR_LIST = 'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list'
const UNLESS_SENT = `${MATCH} for watch unless sendInitialEvents is provided`
const WITH_CONTINUE = `${MATCH} when continue is provided`

/** Combinations that are refused, with all that is wrong with each. */
const FORBIDDEN: readonly (readonly [query: string, ...problems: string[]])[] = [
  ['resourceVersionMatch=Exact', `${MATCH} unless resourceVersion is provided`],
  ['resourceVersionMatch=NotOlderThan', `${MATCH} unless resourceVersion is provided`],
  ['resourceVersionMatch=Some', `${MATCH} unless resourceVersion is provided`, UNKNOWN],
  ['resourceVersion=0&resourceVersionMatch=Exact', EXACT],
  ['resourceVersion=1&resourceVersionMatch=Some', UNKNOWN],
  ['resourceVersion=1&resourceVersionMatch=Exact&continue=x', WITH_CONTINUE],
  ['sendInitialEvents=true', FOR_LIST],
  ['sendInitialEvents=false&resourceVersion=1&resourceVersionMatch=Some', UNKNOWN, FOR_LIST],
  ['watch=1&sendInitialEvents=true', REQUIRES],
  ['watch=1&sendInitialEvents=false', REQUIRES],
  ['watch=1&sendInitialEvents=true&resourceVersionMatch=Exact', REQUIRES, ONLY('Exact')],
  ['watch=1&resourceVersionMatch=NotOlderThan', UNLESS_SENT],
  ['watch=1&resourceVersion=1&resourceVersionMatch=Exact', UNLESS_SENT, ONLY('Exact')],
  ['watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=x', WITH_CONTINUE],
]

test('combinations without sense are 422 with everything that is wrong', async () => {
  for (const [query, ...problems] of FORBIDDEN) {
    const { status, body } = await list(query)
    assert.equal(status, 422, query)
    const causes: { field: string; message: string; reason: string }[] = body.details.causes
    assert.deepEqual(
      causes.map(({ field, message }) => `${field}: ${message}`),
      problems,
      query,
    )
    const all = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`
    assert.equal(body.message, `ListOptions.meta.k8s.io "" is invalid: ${all}`)
    assert.equal(body.details.kind, 'ListOptions')
  }
  const collection = await started.ask('DELETE', `${AT}?resourceVersionMatch=Exact`)
  assert.equal(collection.status, 422)
})

const SEND = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan'
const MARKED = 'allowWatchBookmarks=true'

/** What comes first on a watch; `+` is ADDED, `-` DELETED, `|` the mark that all is told. */
const WATCHES: readonly (readonly [query: string, events: string])[] = [
  ['', '+b +c'],
  ['resourceVersion=0', '+b +c'],
  [`resourceVersion=0&${MARKED}`, '+b +c |'],
  [MARKED, '+b +c |'],
  ['resourceVersion=$past', '-a +c'],
  [`resourceVersion=$past&${MARKED}`, '-a +c'],
  ['resourceVersion=$present', ''],
  [SEND, '+b +c'],
  [`${SEND}&${MARKED}`, '+b +c |'],
  [`${SEND}&${MARKED}&resourceVersion=0`, '+b +c |'],
  [`${SEND}&${MARKED}&resourceVersion=$past`, '+b +c |'],
  [`${SEND}&${MARKED}&resourceVersion=$forgotten`, '+b +c |'],
  [`${SEND.replace('true', 'false')}&${MARKED}`, ''],
  [`${SEND.replace('true', 'false')}&resourceVersion=0`, ''],
  [`${SEND.replace('true', 'false')}&resourceVersion=$past`, '-a +c'],
  // Nothing is missed on the way to a revision of the future, and nothing before it is told.
  ['resourceVersion=$future', ''],
]

async function begun(query: string) {
  const watch = await startWatch(started.server, `${AT}?watch=1&${fill(query)}`)
  for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve))
  return watch
}

test('a watch begins with the state or with what happened since', async () => {
  for (const [query, expected] of WATCHES) {
    const watch = await begun(query)
    const told = watch.seen.map(({ type, object: { metadata } }) =>
      type === 'BOOKMARK' && metadata.annotations['k8s.io/initial-events-end'] === 'true'
        ? '|'
        : `${type === 'ADDED' ? '+' : type === 'DELETED' ? '-' : type}${metadata.name}`,
    )
    assert.equal(told.join(' '), expected, query)
    assert.equal(watch.state.ended, false)
    watch.cancel()
  }
})

test('a watch that cannot begin ends with an error', async () => {
  // Whoever saw it happen remembers it still, another server does not.
  const late = await startTestServer({ store, kinds })
  const path = `${AT}?watch=1&resourceVersion=${forgotten}`
  const expired = await startWatch(late.server, path)
  const [event] = await expired.take(1)
  assert.equal(event?.type, 'ERROR')
  const { metadata, code, reason, message } = event?.object ?? {}
  assert.deepEqual([metadata, code, reason], [{}, 410, 'Expired'])
  assert.equal(message, `too old resource version: ${forgotten} (${past})`)
  assert.ok(expired.state.ended)
  await late.server.stop()
  for (const named of [String(FUTURE), '9223372036854775807']) {
    const early = await begun(`resourceVersion=${named}&${SEND}&${MARKED}`)
    started.clock.advance(4_000)
    const [error] = await early.take(1)
    assert.equal(error?.type, 'ERROR')
    assert.equal(error?.object.code, 504)
    assert.equal(
      error?.object.message,
      `Timeout: Too large resource version: ${named}, current: ${present}`,
    )
  }
})

test('a get is as new as it is asked to be', async () => {
  for (const version of ['', '0', '$forgotten', '$past', '$present'])
    assert.equal((await list(`resourceVersion=${version}`, `${AT}/b`)).status, 200, version)
  assert.equal((await list('resourceVersion=$past', `${AT}/a`)).status, 404)
  assert.equal((await list('resourceVersion=$future', `${AT}/b`)).status, 504)
  const { body } = await list('resourceVersion=junk', `${AT}/b`)
  assert.equal(body.message, parsing('junk').replace('invalid resource version: ', ''))
})

test('a timeout that cannot be read is refused, of what ends by itself', async () => {
  const { ask } = await startTestServer()
  const at = '/api/v1/namespaces/default/configmaps'
  for (const timeout of ['invalid', '5', '-'])
    for (const [method, path] of [
      ['GET', at],
      ['GET', `${at}/none`],
      ['DELETE', `${at}/none`],
      ['GET', '/version'],
    ] as const) {
      const { status, body } = await ask(method, `${path}?timeout=${timeout}`)
      assert.equal(status, 400, `${method} ${path} ${timeout}`)
      assert.equal(body.reason, 'BadRequest')
      assert.match(body.message, /^invalid timeout specified in the request URL - time: /)
    }
  for (const timeout of ['3m', '0', '1m0.5s', '']) {
    assert.equal((await ask('GET', `${at}?timeout=${timeout}`)).status, 200, timeout)
  }
})
