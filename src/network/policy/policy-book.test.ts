import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PolicedPod } from './policed-pod.ts'
import { PolicyBook } from './policy-book.ts'

const pod = (name: string, created: string): PolicedPod => ({
  ...{ key: `one/${name}`, uid: name, namespace: 'one', labels: {}, created },
  ...{ addresses: ['10.244.0.5'], isLocal: false, namedPorts: [] },
})

test('of pods that claim one address none stays known when all are forgotten', () => {
  const book = new PolicyBook()
  book.setPod('one/old', pod('old', '2026-01-01T00:00:00Z'))
  book.setPod('one/new', pod('new', '2026-01-02T00:00:00Z'))
  book.forgetPods()
  assert.equal(book.podCount, 0)
  assert.equal(book.pod('one/old'), undefined)
})
