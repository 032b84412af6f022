/** A real API server over the memory store with nothing else in it, for tests of the whole scheduler. */
import { namespace } from '#api/core/v1/namespace.ts'
import { type Node, node } from '#api/core/v1/node.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { kinds } from '#api/kinds.ts'
import { isStatus } from '#api/machinery/status.ts'
import { createApiServer } from '#apiserver'
import { silentLog } from '#base/log.ts'
import { createClient } from '#client/api-client.ts'
import type { Client } from '#client/client.ts'
import { createInformers } from '#client/informers.ts'
import type { RoleContext } from '#client/role.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { createMemoryStore } from '#store/memory/memory-store.ts'

export interface ServedCluster extends AsyncDisposable {
  readonly client: Client
  /** What a role lives on; each has informers of its own, which `end` stops. */
  openContext(client?: Client): RoleContext & { end(): void }
  /** New nodes are tainted until a controller finds them ready; here none runs. */
  addNode(made: Node): Promise<void>
}

export async function serveCluster(namespaces: readonly string[]): Promise<ServedCluster> {
  const store = createMemoryStore()
  const shared = { clock: systemClock, random: systemRandom, log: silentLog }
  const server = createApiServer({
    store,
    kinds,
    ...shared,
    featureGates: new Map([['AllAlpha', true]]),
  })
  await server.ready()
  const admin = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }
  const client = createClient(server.transportFor(admin))
  for (const name of namespaces) {
    await client.create(namespace, { metadata: { name } }).catch(error => {
      if (!isStatus(error, 'AlreadyExists')) throw error
    })
    await client.create(serviceAccount, { metadata: { name: 'default', namespace: name } })
  }
  return {
    client,
    openContext(own = client) {
      const informers = createInformers(own, shared)
      return { ...shared, client: own, informers, end: () => informers.stop() }
    },
    async addNode(made) {
      await client.create(node, made)
      const at = { name: made.metadata.name ?? '' }
      await client.patch(node, at, 'merge', { spec: { taints: null } })
    },
    async [Symbol.asyncDispose]() {
      await server.stop()
      await store.close()
    },
  }
}
