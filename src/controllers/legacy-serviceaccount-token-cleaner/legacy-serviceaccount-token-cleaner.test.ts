import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Secret } from '#api/core/v1/secret.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'
import { showOutcome, testScenarios } from '../testing/state-scenarios.ts'
import { reconcile } from './legacy-serviceaccount-token-cleaner.reconcile.ts'

const DAY_MS = 86_400_000
const NOW_MS = Date.parse('2026-06-15T12:00:00Z')

interface State {
  readonly since?: string
  readonly created?: string
  readonly lastUsed?: string
  readonly invalidSince?: string
  readonly deleting?: boolean
  readonly listed?: boolean
  readonly account?: 'none' | 'another'
  readonly mounted?: boolean
}

/** The period is 30 days. */
function decide(state: State) {
  const { lastUsed, invalidSince, listed = true, account, mounted } = state
  const secret = {
    metadata: {
      name: 'token',
      namespace: 'a',
      uid: 'u',
      resourceVersion: '7',
      creationTimestamp: state.created ?? '2026-01-01T00:00:00Z',
      annotations: {
        'kubernetes.io/service-account.name': 'web',
        'kubernetes.io/service-account.uid': account === 'another' ? 'other' : 'web-uid',
      },
      labels: {
        ...(lastUsed ? { 'kubernetes.io/legacy-token-last-used': lastUsed } : {}),
        ...(invalidSince ? { 'kubernetes.io/legacy-token-invalid-since': invalidSince } : {}),
      },
      ...(state.deleting ? { deletionTimestamp: '2026-06-15T00:00:00Z' } : {}),
    },
  } as unknown as Secret
  const owner = {
    metadata: { name: 'web', uid: 'web-uid' },
    secrets: listed ? [{ name: 'token' }] : [],
  } as unknown as ServiceAccount
  const pod = {
    metadata: { name: 'p' },
    spec: { containers: [], volumes: [{ name: 'v', secret: { secretName: 'token' } }] },
  } as unknown as Pod
  return reconcile({
    since: 'since' in state ? state.since : '2026-01-01',
    secrets: [secret],
    account: () => (account === 'none' ? undefined : owner),
    podsIn: () => (mounted ? [pod] : []),
    nowMs: NOW_MS,
    periodMs: 30 * DAY_MS,
  })
}

testScenarios<State>(
  new URL('legacy-serviceaccount-token-cleaner.scenarios.txt', import.meta.url),
  state => showOutcome({ writes: decide(state) }, undefined),
)

test('what was used, mounted, made by hand or marked within the period never goes', () => {
  const day = fc
    .integer({ min: 0, max: 60 })
    .map(ago => new Date(NOW_MS - ago * DAY_MS).toISOString().slice(0, 10))
  const states = fc.record(
    { lastUsed: day, invalidSince: day, listed: fc.boolean(), mounted: fc.boolean() },
    { requiredKeys: [] },
  )
  const isRecent = (text: string | undefined) =>
    text !== undefined && Date.parse(text) >= Date.parse('2026-05-16')
  fc.assert(
    fc.property(states, state => {
      const isDeleted = decide(state).some(({ verb }) => verb === 'delete')
      const mayGo =
        (state.listed ?? true) &&
        !state.mounted &&
        !isRecent(state.lastUsed) &&
        state.invalidSince !== undefined &&
        !isRecent(state.invalidSince)
      assert.equal(isDeleted, mayGo)
    }),
  )
})
