import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '#base/errors.ts'
import { defineKind, objectShape } from './machinery/kind.ts'
import type { KubernetesObject } from './machinery/metadata.ts'
import { parseRuntimeConfig, servedKinds } from './runtime-config.ts'

const kind = (version: string, plural: string) =>
  defineKind<KubernetesObject>({
    group: 'boats.example',
    version,
    kind: 'Boat',
    plural,
    scope: 'Cluster',
    shape: objectShape('example.Boat', 'A boat.', {}),
  })

const all = [
  kind('v1', 'hulls'),
  kind('v1', 'sails'),
  kind('v1beta1', 'sails'),
  kind('v1alpha1', 'masts'),
]

const served = (text: string) =>
  servedKinds(all, parseRuntimeConfig(text)).map(({ version, plural }) => `${version}/${plural}`)

const cases: readonly [text: string, expected: readonly string[]][] = [
  ['', ['v1/hulls', 'v1/sails']],
  ['api/beta=true', ['v1/hulls', 'v1/sails', 'v1beta1/sails']],
  ['api/alpha', ['v1/hulls', 'v1/sails', 'v1alpha1/masts']],
  ['api/all=true', ['v1/hulls', 'v1/sails', 'v1beta1/sails', 'v1alpha1/masts']],
  ['api/all=false,boats.example/v1/sails=true', ['v1/sails']],
  ['boats.example/v1beta1', ['v1/hulls', 'v1/sails', 'v1beta1/sails']],
  ['boats.example/v1=false,boats.example/v1/hulls=true', ['v1/hulls']],
  ['api/all=true, api/alpha=false', ['v1/hulls', 'v1/sails', 'v1beta1/sails']],
]

for (const [text, expected] of cases)
  test(`--runtime-config=${text}`, () => {
    assert.deepEqual(served(text), expected)
  })

test('what it cannot mean is refused in one sentence', () => {
  assert.throws(() => served('api/beta=yes'), {
    name: UserError.name,
    message: '--runtime-config api/beta is true or false, not "yes"',
  })
  assert.throws(() => served('boats.example/v2,api/gamma'), /boats\.example\/v2, api\/gamma/)
})
