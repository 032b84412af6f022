import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answersProgress } from './feed.ts'
import { ALL_KEYS, etcdKey, rangeOf, storeKey } from './key-space.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
const bytes = (value: string) => new TextEncoder().encode(value)
const space = { root: '/registry/', prefix: '/other/place/' }

test('the prefix in etcd takes the place of the root', () => {
  assert.equal(text(etcdKey(space, '/registry/pods/a/b')), '/other/place/pods/a/b')
  assert.equal(storeKey(space, bytes('/other/place/pods/a/b')), '/registry/pods/a/b')
  assert.equal(storeKey(space, bytes('/other/places/pods')), undefined)
  assert.throws(() => etcdKey(space, '/elsewhere'), RangeError)
})

test('a range holds all keys with the prefix and no others, from the start on', () => {
  const of = (prefix: string, start?: string) => {
    const { key, rangeEnd } = rangeOf(space, prefix, start)
    return [text(key), text(rangeEnd)]
  }
  assert.deepEqual(of('/registry/pods/'), ['/other/place/pods/', '/other/place/pods0'])
  assert.deepEqual(of(''), ['/other/place/', '/other/place0'])
  assert.deepEqual(of('/registry/a', '/registry/ab'), ['/other/place/ab', '/other/place/b'])
  assert.deepEqual(of('/registry/b', '/registry/a'), ['/other/place/b', '/other/place/c'])
  const last = rangeOf({ root: '', prefix: 'a' }, '\u{10ffff}')
  assert.deepEqual([...last.rangeEnd], [0x61, 0xf4, 0x8f, 0xbf, 0xc0])
  assert.deepEqual(ALL_KEYS.rangeEnd, Uint8Array.of(0))
})

test('versions whose answers about progress can be trusted', () => {
  const trusted = ['3.4.31', '3.5.13', '3.5.21', '3.6.0', '3.7.3', '4.0.0', '3.6.0-rc.1']
  const others = ['3.3.27', '3.4.23', '3.4.30', '3.5.0', '3.5.12', '2.3.8', '', 'unknown']
  assert.deepEqual(trusted.filter(answersProgress), trusted)
  assert.deepEqual(others.filter(answersProgress), [])
})
