/**
 * Which API servers there are, where several serve one store: each renews a key with its address that goes by itself soon after its
 * server, and whoever renews writes all addresses that it finds into the endpoints of the API. Keys and intervals are upstream's
 * (`--endpoint-reconciler-type=lease`), so that servers of both kinds count each other. These keys are no objects of the API; the Lease that tells who
 * a server is is identity-lease.ts's.
 */
import { endpoints } from '#api/core/v1/endpoints.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { messageOf } from '#base/errors.ts'
import type { ServerContext } from '../server-context.ts'
import { keyIn, SERVER_LEASES } from '../storage/keys.ts'
import { encodeValue } from '../storage/stored-object.ts'

const RENEW_MS = 10_000
const LEASE_MS = 15_000

export interface Advertised {
  /** Undefined where the machine has no address but its loopback, as without a network: nobody else finds the server then. */
  readonly address: string | undefined
  readonly port: number
  /** What the machine is called. Without it, no Lease tells who this server is. */
  readonly hostname?: string
}

/** Writes the endpoints for these addresses. */
export type WriteEndpoints = (addresses: readonly string[]) => Promise<void>

/** Renews until the returned function is called, which takes the server out of the endpoints. */
export async function keepServerLease(
  server: ServerContext,
  address: string,
  write: WriteEndpoints,
): Promise<() => Promise<void>> {
  const { store, clock, log } = server
  const key = keyIn(SERVER_LEASES, '', address)
  let cancel = () => {}
  let isOver = false
  const renew = async () => {
    await store.commit([{ key, value: leaseOf(address), ttlMs: LEASE_MS }])
    await write(await addressesIn(server))
  }
  const schedule = () => {
    if (isOver) return
    cancel = clock.after(RENEW_MS, () => {
      running = renew()
        .catch(error =>
          log.warn('this server could not be kept in the endpoints', { error: messageOf(error) }),
        )
        .finally(schedule)
    })
  }
  let running = renew()
  await running
  schedule()
  return async () => {
    isOver = true
    cancel()
    await running
    try {
      await store.commit([{ key, value: null }])
      const others = await addressesIn(server)
      // The last one leaves its address: there is none that would be better.
      if (others.length > 0) await write(others)
    } catch (error) {
      log.warn('this server stays in the endpoints for now', { error: messageOf(error) })
    }
  }
}

async function addressesIn({ store }: ServerContext): Promise<string[]> {
  const { entries } = await store.list(SERVER_LEASES)
  return entries.map(({ key }) => key.slice(SERVER_LEASES.length))
}

function leaseOf(ip: string): Uint8Array {
  return encodeValue({
    apiVersion: apiVersionOf(endpoints),
    kind: endpoints.kind,
    metadata: {},
    subsets: [{ addresses: [{ ip }] }],
  } as unknown as KubernetesObject)
}
