import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeYaml } from '#api/machinery/yaml-writer.ts'
import { fieldParts, lineOfField } from './yaml-places.ts'

const yaml = writeYaml({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', labels: { 'app.example.com/name': 'web' } },
  spec: {
    replicas: 3,
    template: {
      spec: {
        containers: [
          { name: 'a', image: 'x', ports: [{ containerPort: 80 }, { containerPort: 81 }] },
          { name: 'b', image: 'y', command: ['sh', '-c', 'echo: no key'] },
        ],
      },
    },
  },
})
const lineAt = (field: string) => {
  const line = lineOfField(yaml, field)
  return line === undefined ? undefined : yaml.split('\n')[line]?.trim()
}

test('fields are found at their line', () => {
  assert.equal(lineAt('spec.replicas'), 'replicas: 3')
  assert.equal(lineAt('spec.template.spec.containers[1].image'), 'image: "y"')
  assert.equal(
    lineAt('spec.template.spec.containers[0].ports[1].containerPort'),
    '- containerPort: 81',
  )
  assert.equal(lineAt('metadata.labels[app.example.com/name]'), 'app.example.com/name: web')
  assert.equal(lineAt('spec.template.spec.containers[1].command[2]'), "- 'echo: no key'")
})

test('of a field that is not there, the deepest part that is', () => {
  assert.equal(lineAt('spec.template.spec.containers[1].ports[0]'), '- command:')
  assert.equal(lineAt('spec.selector'), 'spec:')
  assert.equal(lineAt('nothing'), undefined)
})

test('paths are taken apart as the API writes them', () => {
  assert.deepEqual(fieldParts('metadata.annotations[a.b/c].x[0]'), [
    'metadata',
    'annotations',
    'a.b/c',
    'x',
    '0',
  ])
  assert.deepEqual(fieldParts('spec["a.b"]'), ['spec', 'a.b'])
})
