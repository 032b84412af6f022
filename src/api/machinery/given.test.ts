/** What compiles is what is tried here: a mistake in these types fails the check of types, not a run. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { deployment } from '../apps/v1/deployment.ts'
import type { pod } from '../core/v1/pod/pod.ts'
import type { service } from '../core/v1/service.ts'
import type { NewObject } from './given.ts'

const metadata = { name: 'web', namespace: 'default' }

test('objects are given as people write them', () => {
  const labels = { app: 'web' }
  const given = {
    metadata,
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
    },
  } as const satisfies NewObject<typeof deployment>
  const ports = { metadata, spec: { ports: [{ port: 80 }] } } satisfies NewObject<typeof service>
  assert.equal(given.spec.template.spec.containers.length + ports.spec.ports.length, 2)
})

test('what has no name, and what there is not, is noticed', () => {
  const nameless = {
    metadata,
    // @ts-expect-error: a container needs a name
    spec: { containers: [{ image: 'web:1' }] },
  } satisfies NewObject<typeof pod>
  const misspelt = {
    metadata,
    // @ts-expect-error: the field is imagePullPolicy
    spec: { containers: [{ name: 'web', imagePullPolice: 'Always' }] },
  } satisfies NewObject<typeof pod>
  assert.ok(nameless && misspelt)
})
