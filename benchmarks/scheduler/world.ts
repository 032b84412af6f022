/** The API server and its store in this process, what is in it from the start, and who watches pods. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { namespace } from '#api/core/v1/namespace.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { kinds } from '#api/kinds.ts'
import { isStatus } from '#api/machinery/status.ts'
import { priorityClass } from '#api/scheduling/v1/priority-class.ts'
import { createApiServer } from '#apiserver'
import { silentLog } from '#base/log.ts'
import { createClient } from '#client/api-client.ts'
import type { Client } from '#client/client.ts'
import type { Informers } from '#client/informer.ts'
import { createInformers } from '#client/informers.ts'
import type { RoleContext } from '#client/role.ts'
import type { Transport } from '#client/transport.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'

export interface World extends AsyncDisposable {
  readonly client: Client
  readonly informers: Informers
  readonly context: RoleContext
  /** Requests that write, and of them those that write events, which `writes` leaves out. */
  readonly requests: { writes: number; events: number }
  /** Makes a namespace in which pods can be created. */
  openNamespace(name: string): Promise<void>
}

/** `memory`: nothing is written to disk, as in tests; otherwise SQLite keeps it, as in a user's cluster. */
export type StoreName = 'sqlite' | 'memory'

const shared = { clock: systemClock, random: systemRandom, log: silentLog }

export async function createWorld(storeName: StoreName): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'proa-bench-'))
  const store =
    storeName === 'memory' ? createMemoryStore() : await openSqliteStore({ directory, ...shared })
  const server = createApiServer({ store, kinds, ...shared })
  await server.ready()
  const admin = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }
  return worldBehind(server.transportFor(admin), async () => {
    await server.stop()
    await store.close()
    rmSync(directory, { recursive: true, force: true })
  })
}

/** The same world behind any API server that serves the administrator; `end` is called when it is disposed of. */
export async function worldBehind(transport: Transport, end: () => Promise<void>): Promise<World> {
  const requests = { writes: 0, events: 0 }
  const client = createClient(counted(transport, requests))
  const informers = createInformers(client, shared)
  const opened = new Set<string>()
  const world: World = {
    client,
    informers,
    requests,
    context: { client, informers, ...shared },
    async openNamespace(name) {
      if (opened.has(name)) return
      opened.add(name)
      await unlessThere(client.create(namespace, { metadata: { name } }))
      await unlessThere(
        client.create(serviceAccount, { metadata: { name: 'default', namespace: name } }),
      )
    },
    async [Symbol.asyncDispose]() {
      informers.stop()
      await end()
    },
  }
  await world.openNamespace('default')
  await unlessThere(client.create(priorityClass, { metadata: { name: 'high' }, value: 10 }))
  return world
}

function counted(transport: Transport, requests: World['requests']): Transport {
  return {
    ...transport,
    request(request) {
      if (request.method !== 'GET')
        requests[request.path.includes('/events') ? 'events' : 'writes']++
      return transport.request(request)
    },
  }
}

async function unlessThere(creation: Promise<unknown>): Promise<void> {
  await creation.catch(error => {
    if (!isStatus(error, 'AlreadyExists')) throw error
  })
}

/** Runs `work` for 0 … count-1, at most `parallel` at a time. */
export async function inParallel(
  count: number,
  parallel: number,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: Math.min(parallel, count) }, worker))
}

/** Counts pods by namespace as they get nodes. */
export function countBound(informers: Informers) {
  const bound = new Map<string, number>()
  const waiting = new Set<() => void>()
  const end = informers.for(pod).subscribe({
    changed(next: Pod, previous) {
      if (!next.spec.nodeName || previous?.spec.nodeName) return
      const place = next.metadata.namespace ?? ''
      bound.set(place, (bound.get(place) ?? 0) + 1)
      for (const look of waiting) look()
    },
  })
  return {
    end,
    in: (place: string) => bound.get(place) ?? 0,
    /** Resolves when so many pods of the namespace have been bound. */
    reached: (place: string, count: number) =>
      new Promise<void>(resolve => {
        const look = () => {
          if ((bound.get(place) ?? 0) < count) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}
