import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { View } from '../storage/view.ts'
import { ResourceRegistry, type ServedResource } from './registry.ts'

function resource(group: string, version: string, plural: string): ServedResource {
  const kind = { group, version, plural } as AnyKind
  return { kind, view: {} as View, name: { group, resource: plural } }
}

test('a resource is found in its version until it goes, and versions keep their order', () => {
  const registry = new ResourceRegistry()
  const versions = () => [...registry.versions()].map(each => `${each.group}/${each.version}`)
  const pods = resource('', 'v1', 'pods')
  const old = resource('example.com', 'v1beta1', 'things')
  const things = resource('example.com', 'v1', 'things')
  for (const each of [old, pods, things]) registry.add(each)
  assert.equal(registry.find('', 'v1', 'pods'), pods)
  assert.equal(registry.find('example.com', 'v1beta1', 'things'), old)
  assert.equal(registry.find('example.com', 'v1', 'things'), things)
  assert.equal(registry.find('example.com', 'v1', 'pods'), undefined)
  assert.deepEqual(versions(), ['example.com/v1beta1', '/v1', 'example.com/v1'])
  registry.remove(old)
  assert.equal(registry.find('example.com', 'v1beta1', 'things'), undefined)
  assert.equal(registry.find('example.com', 'v1', 'things'), things)
  registry.remove(old)
  registry.add(old)
  assert.equal(registry.find('example.com', 'v1beta1', 'things'), old)
  assert.deepEqual(versions(), ['/v1', 'example.com/v1', 'example.com/v1beta1'])
})
