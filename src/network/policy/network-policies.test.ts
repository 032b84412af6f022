import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { namespace } from '#api/core/v1/namespace.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { networkPolicy } from '#api/networking/v1/network-policy.ts'
import { silentLog } from '#base/log.ts'
import type { RoleContext } from '#client/role.ts'
import { systemClock } from '#host/clock.ts'
import { startNetworkPolicies } from './network-policies.ts'

const pod = (uid: string, resourceVersion: string, labels: object): Pod =>
  ({
    metadata: { name: 'p', namespace: 'one', uid, resourceVersion, labels },
    spec: { nodeName: 'here', containers: [] },
    status: { phase: 'Pending' },
  }) as unknown as Pod

/** What is known at revision 9, and the rules that are written as text. */
async function keeper(t: { after(end: () => Promise<void>): void }, known: Pod) {
  const directory = mkdtempSync(join(tmpdir(), 'proa-policies-'))
  const file = join(directory, 'rules')
  const objects = (kind: AnyKind): readonly object[] => {
    if (kind === podKind) return [known]
    if (kind === namespace) return [{ metadata: { name: 'one', labels: {} } }]
    if (kind !== networkPolicy) return []
    const spec = { podSelector: { matchLabels: { app: 'kept' } }, policyTypes: ['Ingress'] }
    return [{ metadata: { name: 'n', namespace: 'one', uid: 'n', resourceVersion: '1' }, spec }]
  }
  const informers = {
    for: (kind: AnyKind) => ({
      synced: Promise.resolve(),
      revision: 9,
      get: (key: string) => objects(kind).find(each => keyOf(each as Pod) === key),
      list: () => objects(kind),
      subscribe({ changed }: { changed(object: object): void }) {
        for (const each of objects(kind)) changed(each)
        return () => {}
      },
    }),
  }
  const context = { informers, clock: systemClock, log: silentLog } as unknown as RoleContext
  const policies = startNetworkPolicies(context, {
    ...{ nodeName: 'here', instance: 'test', lookEveryMs: 60_000 },
    nft: ['sh', '-c', `cat >> ${file}`],
  })
  t.after(async () => {
    await policies.stop()
    rmSync(directory, { recursive: true })
  })
  await policies.ready
  return { policies, written: () => readFileSync(file, 'utf8') }
}

test('a pod that starts is judged by its newest labels', async t => {
  const { policies, written } = await keeper(t, pod('u', '7', { app: 'kept' }))
  await policies.admit(pod('u', '5', { app: 'free' }), ['10.244.0.5'])
  assert.match(written(), /add element inet test-policy ingress4 \{ 10\.244\.0\.5 : jump /)
})

test('a pod that starts and is not seen so new here is judged by what its node knows', async t => {
  const { policies, written } = await keeper(t, pod('u', '7', { app: 'free' }))
  await policies.admit(pod('u', '12', { app: 'kept' }), ['10.244.0.5'])
  assert.match(written(), /add element inet test-policy ingress4 \{ 10\.244\.0\.5 : jump /)
})

test('a pod that is gone does not take the place of the one that has its name', async t => {
  const next = { ...pod('next', '8', { app: 'kept' }) }
  next.status = { phase: 'Running', podIPs: [{ ip: '10.244.0.6' }] }
  const { policies, written } = await keeper(t, next)
  await policies.admit(pod('u', '5', { app: 'kept' }), ['10.244.0.5'])
  assert.match(written(), /ingress4 \{ 10\.244\.0\.6 : jump /)
  assert.doesNotMatch(written(), /10\.244\.0\.5|delete element/)
})
