import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { service } from '#api/core/v1/service.ts'
import { isStatus } from '#api/machinery/status.ts'
import { ipAddress } from '#api/networking/v1/ip-address.ts'
import { type ServiceCidr, serviceCidr } from '#api/networking/v1/service-cidr.ts'
import { canAssign, prefixOf } from '#base/prefix.ts'
import { showOutcome, testScenarios } from '../testing/state-scenarios.ts'
import { startTestCluster } from '../testing/test-cluster.ts'
import { reconcile } from './service-cidr.reconcile.ts'

const NOW_MS = Date.parse('2026-01-01T00:00:00Z')

interface State {
  readonly cidrs: readonly string[]
  readonly others?: readonly (readonly string[])[]
  readonly addresses?: readonly string[]
  readonly finalizers?: readonly string[]
  readonly deleted?: string
  readonly ready?: string
}

function rangeOf(name: string, cidrs: readonly string[], more: Partial<State> = {}): ServiceCidr {
  const { finalizers, deleted, ready } = more
  return {
    metadata: { name, finalizers, deletionTimestamp: deleted },
    spec: { cidrs },
    status: ready
      ? { conditions: [{ type: 'Ready', status: 'True', reason: '', message: ready }] }
      : {},
  } as unknown as ServiceCidr
}

function decide(state: State) {
  const range = rangeOf('range', state.cidrs, state)
  const others = (state.others ?? []).map((cidrs, at) => rangeOf(`other-${at}`, cidrs))
  return reconcile({
    range,
    ranges: [range, ...others],
    addresses: state.addresses ?? [],
    nowMs: NOW_MS,
  })
}

testScenarios<State>(new URL('service-cidr.scenarios.txt', import.meta.url), state =>
  showOutcome(decide(state), undefined),
)

test('a range goes only when no address would be left without one', () => {
  const cidrs = fc.constantFrom('10.0.0.0/24', '10.0.0.0/25', '10.0.0.128/25', '10.0.0.0/30')
  const states = fc.record({
    cidrs: fc.tuple(cidrs),
    others: fc.array(fc.tuple(cidrs), { maxLength: 3 }),
    addresses: fc.array(
      fc.nat(255).map(last => `10.0.0.${last}`),
      { maxLength: 3 },
    ),
  })
  const deleting = {
    deleted: '2025-12-31T23:59:00Z',
    finalizers: ['networking.k8s.io/service-cidr-finalizer'],
  }
  fc.assert(
    fc.property(states, state => {
      const [write] = decide({ ...state, ...deleting }).writes
      const goes = write?.verb === 'patch' && !write.subresource
      const isIn = (address: string, ranges: readonly string[]) =>
        ranges.some(range => canAssign(prefixOf(range), address))
      const orphans = state.addresses.filter(
        address => isIn(address, state.cidrs) && !isIn(address, state.others.flat()),
      )
      if (goes && orphans.length > 0)
        assert.ok(
          state.others.some(
            ([other]) => Number(other.split('/')[1]) <= Number(state.cidrs[0].split('/')[1]),
          ),
        )
      if (orphans.length === 0) assert.ok(goes)
    }),
  )
})

test('a further range gives services addresses, and goes when they have gone', async () => {
  const options = { enabled: 'service-cidr-controller' }
  await using cluster = await startTestCluster({ controllers: options, scheduler: false })
  const { client } = cluster
  const readyOf = async (name: string) => {
    const { status, metadata } = await client.get(serviceCidr, name)
    const found = status.conditions?.find(({ type }) => type === 'Ready')
    return (
      found && { status: found.status, message: found.message, finalizers: metadata.finalizers }
    )
  }
  const message = 'Kubernetes Service CIDR is ready'
  const finalizers = ['networking.k8s.io/service-cidr-finalizer']
  const isReady = (name: string) =>
    cluster.until(`${name} to be ready`, async () => {
      const found = await readyOf(name)
      return found?.message === message && found.finalizers ? found : undefined
    })
  assert.deepEqual(await isReady('kubernetes'), { status: 'True', message, finalizers })
  const make = (name: string, clusterIP: string) =>
    client.create(service, {
      metadata: { name, namespace: 'default' },
      spec: { clusterIP, ports: [{ port: 80 }] },
    } as never)
  const outside = (error: unknown) =>
    isStatus(error, 'Invalid') &&
    /failed to allocate IP 192\.168\.7\.5: the provided network does not match the current range/.test(
      error.message,
    )
  await assert.rejects(make('a', '192.168.7.5'), outside)

  await client.create(serviceCidr, {
    metadata: { name: 'more' },
    spec: { cidrs: ['192.168.7.0/28'] },
  } as never)
  await isReady('more')
  const made = await make('a', '192.168.7.5')
  assert.deepEqual(made.spec.clusterIPs, ['192.168.7.5'])
  await cluster.until('its address', () =>
    client.get(ipAddress, '192.168.7.5').catch(() => undefined),
  )
  await assert.rejects(make('b', '192.168.7.5'), /provided IP is already allocated/)

  await client.delete(serviceCidr, { name: 'more' })
  await cluster.until('the reason', async () => (await readyOf('more'))?.status === 'False')
  const blocked = await client.get(serviceCidr, 'more')
  assert.equal(blocked.status.conditions?.[0]?.reason, 'Terminating')
  // From a range that is going nobody gets an address any more.
  await assert.rejects(make('b', '192.168.7.6'), /does not match the current range/)
  await client.create(serviceCidr, {
    metadata: { name: 'larger' },
    spec: { cidrs: ['192.168.0.0/16'] },
  } as never)
  // Servers are given ten seconds to hear of it.
  const endMs = performance.now() + 60_000
  while ((await client.list(serviceCidr)).items.some(({ metadata }) => metadata.name === 'more')) {
    assert.ok(performance.now() < endMs, 'the range stays')
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  assert.deepEqual((await make('b', '192.168.7.6')).spec.clusterIPs, ['192.168.7.6'])
})
