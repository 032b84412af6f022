/** What nodes cost that have nothing to do: their leases, their status, and what watches over them. */
import { type Lease, lease } from '#api/coordination/v1/lease.ts'
import { node } from '#api/core/v1/node.ts'
import { rfc3339Micro, sleep } from '#base/clock.ts'
import { systemClock } from '#host/clock.ts'
import {
  costOf,
  heldBytes,
  type Sizes,
  say,
  sideBySide,
  untilView,
  withCluster,
} from './bench-cluster.ts'

/** A node renews its lease so often. */
const RENEWAL_SECONDS = 10
/** From ready until everything has calmed down. */
const SETTLE_MS = 15_000

export async function nodesAtRest({ restNodes, restSeconds }: Sizes): Promise<void> {
  const before = await heldBytes()
  await withCluster(restNodes, async ({ client, informers, nodeNames }) => {
    await untilView(informers.for(node), restNodes, 'nodes with a range', ({ spec }) =>
      Boolean(spec.podCIDR),
    )
    await sleep(systemClock, SETTLE_MS)
    const each = ((await heldBytes()) - before) / restNodes / 1000
    say(`memory for each hollow node, all components`, `${each.toFixed(0)} KB`)
    const rest = await costOf(() => sleep(systemClock, restSeconds * 1000))
    const percent = (100 * rest.cpuSeconds) / rest.seconds
    const held = new Map<number, Lease>()
    const spec = { holderIdentity: 'peer', leaseDurationSeconds: 40 }
    await sideBySide(nodeNames.length, async index => {
      const metadata = { name: `peer-${index}`, namespace: 'kube-node-lease' }
      held.set(index, await client.create(lease, { metadata, spec }))
    })
    // The same renewals by a client that does nothing else.
    const renewals = await costOf(() =>
      sideBySide(nodeNames.length, async index => {
        const renewTime = rfc3339Micro(systemClock.now())
        const before = held.get(index)
        if (before) await client.update(lease, { ...before, spec: { ...spec, renewTime } })
      }),
    )
    const limit = (100 * renewals.cpuSeconds) / RENEWAL_SECONDS
    say(
      'a client renews a lease for each in ten seconds',
      `${limit.toFixed(1)} %`,
      'of a core: the limit',
    )
    say(
      `${restNodes} nodes at rest, over ${restSeconds} s`,
      `${percent.toFixed(1)} %`,
      'of a core: < 30 % for 5,000',
    )
  })
}
