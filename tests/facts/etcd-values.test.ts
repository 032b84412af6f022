/**
 * What upstream's kube-apiserver v1.36.3 stored when it was given an object of every kind (`tests/machine/etcd/takeover.test.ts`
 * records it): each value is understood, and is written again with the very same bytes.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { kinds } from '#api/kinds.ts'
import { isSelfDescribedCbor } from '#api/machinery/cbor.ts'
import { isProtobufBody } from '#api/machinery/protobuf-envelope.ts'
import { etcdForm } from '#apiserver/storage/etcd-form.ts'
import { prefixOf } from '#apiserver/storage/keys.ts'
import { objectOfValue } from '#apiserver/storage/stored-object.ts'
import { silentLog } from '#base/log.ts'

const values = readFileSync(join(import.meta.dirname, 'etcd-values.txt'), 'utf8')
  .trim()
  .split('\n')
  .map(line => {
    const [key = '', value = ''] = line.split(' ')
    return { key, value: new Uint8Array(Buffer.from(value, 'base64')) }
  })
/** What is written back with a little more than it had, and why that says the same. */
const GROWN: Readonly<Record<string, string>> = {
  persistentvolumeclaims: 'the phase that upstream fills in when it reads a claim',
  podcertificaterequests: 'empty bytes, where Go tells none from empty ones',
}
const form = etcdForm(silentLog)

test('there is a value of every kind that is stored', () => {
  const prefixes = kinds.filter(({ ephemeral }) => !ephemeral).map(prefixOf)
  const missing = prefixes.filter(prefix => !values.some(({ key }) => key.startsWith(prefix)))
  assert.deepEqual(missing, [])
})

for (const { key, value } of values)
  test(key, () => {
    const read = form.fromEtcd(key, value)
    const { metadata } = objectOfValue(read)
    assert.ok(metadata.uid && key.endsWith(`/${metadata.name}`))
    const written = form.toEtcd(key, read)
    const [, , plural = ''] = key.split('/')
    if (GROWN[plural]) assert.deepEqual(form.fromEtcd(key, written), read)
    else if (isProtobufBody(value)) assert.deepEqual(Buffer.from(written), Buffer.from(value))
    else assert.ok(!isProtobufBody(written) && !isSelfDescribedCbor(written))
  })
