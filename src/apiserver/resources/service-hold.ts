/**
 * Allocation for services where several servers share the store: each knows what the others have taken only by what they wrote. So who
 * takes something also writes one common key, from the value it had before the looking around; of two servers that look at the
 * same time, the second one's write fails, and it looks anew.
 */
import type { Service } from '#api/core/v1/service.ts'
import { settleService } from '#api/core/v1/service.update.ts'
import { copyJson } from '#api/machinery/plain.ts'
import { invalid } from '#api/machinery/status.ts'
import type { Change } from '#store'
import type { ServerContext } from '../server-context.ts'
import { ROOT } from '../storage/keys.ts'
import type { ServiceAllocator } from './service-allocation.ts'

/** What was allocated for a write. */
export interface Hold {
  /** To be committed with the write. */
  readonly besides: readonly Change[]
  /** Call it when the write is over, however it ended. */
  release(): void
}

const KEY = `${ROOT}proa/service-allocation`

/** Within one server they take turns, so that only those of other servers can come between. */
const turns = new WeakMap<ServiceAllocator, Promise<void>>()

/**
 * Settles addresses and families, and tries what will be allocated only once all else is judged and admitted: what is wrong with any of it is
 * told alone. Throws Invalid.
 */
export async function beginService(
  { store, cache, services }: ServerContext,
  draft: Service,
  previous?: Service,
): Promise<void> {
  const errors = settleService(draft, previous, services.families)
  if (errors.length > 0)
    throw invalid({ group: '', kind: 'Service' }, draft.metadata.name ?? '', errors)
  const attempt = () => services.allocate(copyJson(draft), previous).release()
  try {
    attempt()
  } catch (thrown) {
    if (!store.shared) throw thrown
    // Another server may have given it back meanwhile.
    await cache.catchUp()
    attempt()
  }
}

/** Throws Invalid where something is taken or out of range. */
export async function holdForService(
  server: ServerContext,
  draft: Service,
  previous?: Service,
): Promise<Hold> {
  const { store, services } = server
  if (!store.shared) return { besides: [], release: services.allocate(draft, previous).release }
  const before = turns.get(services)
  let leave = () => {}
  const turn = new Promise<void>(resolve => {
    leave = resolve
  })
  turns.set(services, turn)
  await before
  try {
    return await holdInTurn(server, { draft, ...(previous && { previous }) }, leave)
  } catch (thrown) {
    leave()
    throw thrown
  }
}

async function holdInTurn(
  { store, cache, services, clock }: ServerContext,
  { draft, previous }: { draft: Service; previous?: Service },
  leave: () => void,
): Promise<Hold> {
  const last = await store.latest(KEY)
  await cache.catchUp()
  const { release, hasTaken } = services.allocate(draft, previous)
  if (!hasTaken) {
    leave()
    return { besides: [], release }
  }
  const value = new TextEncoder().encode(JSON.stringify({ time: clock.now() }))
  return {
    besides: [{ key: KEY, expected: last?.modRevision ?? 0, value }],
    release() {
      release()
      leave()
    },
  }
}
