import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RequestHead } from './request-head.ts'

type Field = readonly [name: string, value: string]

function headOf(fields: readonly Field[], limitBytes = 64 * 1024): RequestHead {
  const head = new RequestHead(limitBytes)
  for (const [name, value] of fields) head.take({ name, value })
  return head
}

const PSEUDO: readonly Field[] = [
  [':method', 'GET'],
  [':path', '/a?b'],
  [':scheme', 'https'],
]

test('method, path and headers', () => {
  const head = headOf([...PSEUDO, [':authority', 'x'], ['accept', 'a'], ['accept', 'b']])
  assert.ok(head.isWhole)
  assert.ok(!head.isTrailer)
  assert.deepEqual([head.method, head.path], ['GET', '/a?b'])
  assert.deepEqual({ ...head.headers }, { host: 'x', accept: 'a, b' })
})

test('the authority is the host; a header of that name counts where there is none', () => {
  assert.equal(headOf([...PSEUDO, [':authority', 'x:1'], ['host', 'y']]).headers.host, 'x:1')
  assert.equal(headOf([...PSEUDO, [':authority', ''], ['host', 'y']]).headers.host, 'y')
  assert.equal(headOf([...PSEUDO, [':authority', '']]).headers.host, undefined)
})

test('headers that come several times are joined so that they can be taken apart', () => {
  const head = headOf([
    ...PSEUDO,
    ['cookie', 'a=1'],
    ['impersonate-group', 'one, two'],
    ['cookie', 'b=2'],
    ['impersonate-group', 'three'],
    ['impersonate-extra-x', 'p'],
    ['impersonate-extra-x', 'q'],
  ])
  assert.equal(head.headers.cookie, 'a=1; b=2')
  assert.equal(head.headers['impersonate-group'], 'one, two\nthree')
  assert.equal(head.headers['impersonate-extra-x'], 'p\nq')
})

test('headers of its own that name people are for a handler to name; of credentials the first counts', () => {
  const head = new RequestHead(64 * 1024, name => name === 'x-team')
  const fields: readonly Field[] = [
    ...PSEUDO,
    ['x-team', 'a, b'],
    ['authorization', 'Bearer one'],
    ['x-team', 'c'],
    ['authorization', 'Bearer two'],
  ]
  for (const [name, value] of fields) head.take({ name, value })
  assert.equal(head.headers['x-team'], 'a, b\nc')
  assert.equal(head.headers.authorization, 'Bearer one')
})

test('a request without its method, path or scheme is none', () => {
  for (const left of PSEUDO) {
    assert.ok(!headOf(PSEUDO.filter(each => each !== left)).isWhole)
    assert.ok(!headOf(PSEUDO.map(each => (each === left ? [each[0], ''] : each))).isWhole)
  }
})

test('what no request has', () => {
  const wrong: Record<string, readonly Field[]> = {
    'an unknown pseudo header': [...PSEUDO, [':status', '200']],
    'a pseudo header behind others': [['a', 'b'], ...PSEUDO],
    'capital letters': [...PSEUDO, ['Accept', 'a']],
    'an empty name': [...PSEUDO, ['', 'a']],
    'a space in a name': [...PSEUDO, ['a b', 'c']],
    'a colon in a name': [...PSEUDO, ['a:b', 'c']],
    'a letter beyond ASCII in a name': [...PSEUDO, ['ü', 'c']],
    'a newline in a value': [...PSEUDO, ['a', 'b\nc']],
    'a carriage return in a value': [...PSEUDO, ['a', 'b\rc']],
    'a zero in a value': [...PSEUDO, ['a', '\0']],
    'a newline in the authority': [...PSEUDO, [':authority', 'b\nc']],
    connection: [...PSEUDO, ['connection', 'close']],
    'keep-alive': [...PSEUDO, ['keep-alive', '1']],
    'proxy-connection': [...PSEUDO, ['proxy-connection', 'a']],
    'transfer-encoding': [...PSEUDO, ['transfer-encoding', 'chunked']],
    upgrade: [...PSEUDO, ['upgrade', 'h2c']],
    te: [...PSEUDO, ['te', 'gzip']],
  }
  for (const each of PSEUDO) wrong[`two of ${each[0]}`] = [...PSEUDO, each]
  wrong['two of :authority'] = [...PSEUDO, [':authority', 'a'], [':authority', 'a']]
  for (const [what, fields] of Object.entries(wrong)) {
    const head = headOf(fields)
    assert.ok(head.isWrong && !head.isWhole && !head.isTrailer, what)
  }
  assert.ok(headOf([...PSEUDO, ['te', 'trailers']]).isWhole)
})

test('trailers are headers alone', () => {
  assert.ok(headOf([['a', 'b']]).isTrailer)
  assert.ok(headOf([]).isTrailer)
  for (const field of [...PSEUDO, [':authority', ''] as const])
    assert.ok(!headOf([field]).isTrailer)
})

test('names that objects have by nature are names like others', () => {
  const head = headOf([...PSEUDO, ['__proto__', 'a'], ['constructor', 'b'], ['__proto__', 'c']])
  assert.deepEqual(Object.entries(head.headers), [
    ['__proto__', 'a, c'],
    ['constructor', 'b'],
  ])
  assert.equal(Object.getPrototypeOf(head.headers), null)
})

test('headers count with 32 bytes each; beyond the limit nothing is kept', () => {
  const base = PSEUDO.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0)
  const fields: readonly Field[] = [...PSEUDO, ['a', '1'], ['b', '2']]
  assert.ok(!headOf(fields, base + 68).isTooLarge)
  const head = headOf([...fields, ['c', '3']], base + 67)
  assert.ok(head.isTooLarge)
  assert.deepEqual(Object.keys(head.headers), ['a'])
})
