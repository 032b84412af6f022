/**
 * An API server over an etcd of one or more members, in a process of its own. Arguments: the members' URLs, joined by commas, and a bug to
 * plant, if any. Whoever asks is the administrator.
 */
import { kinds } from '#api/kinds.ts'
import { createApiServer } from '#apiserver'
import { ROOT } from '#apiserver/storage/keys.ts'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { CommitFailedError, type Store } from '#store'
import { openEtcdStore } from '#store/etcd/etcd-store.ts'
import { serve } from '../../../src/client/testing/serving.ts'

const [servers = '', bug = ''] = process.argv.slice(2)

/** What a server over a shared store must not do. */
const bugs: Readonly<Record<string, (store: Store) => Partial<Store>>> = {
  'reads do not ask etcd': store => ({
    ...(store.shared && { shared: { ...store.shared, readIndex: async () => store.revision } }),
  }),
  'a write without an answer is sent again': store => ({
    async commit(changes) {
      for (;;)
        try {
          return await store.commit(changes)
        } catch (error) {
          if (!(error instanceof CommitFailedError) || error.failure !== 'Unavailable') throw error
        }
    },
  }),
}

const good = await openEtcdStore({
  ...{ servers: servers.split(','), root: ROOT, prefix: ROOT },
  ...{ clock: systemClock, random: systemRandom, log: silentLog },
})
const store: Store = {
  ...(good.shared ? { shared: good.shared } : {}),
  get revision() {
    return good.revision
  },
  get compactedRevision() {
    return good.compactedRevision
  },
  get: key => good.get(key),
  latest: key => good.latest(key),
  list: (prefix, options) => good.list(prefix, options),
  commit: changes => good.commit(changes),
  watch: (prefix, after, sink) => good.watch(prefix, after, sink),
  compact: revision => good.compact(revision),
  close: () => good.close(),
}
Object.assign(store, bugs[bug]?.(good))
const server = createApiServer({
  ...{ store, kinds, clock: systemClock, random: systemRandom, log: silentLog },
})
await server.ready()
const user = { name: 'admin', groups: ['system:masters'] }
const served = await serve(request => server.handle(request, { user }), {
  upgrade: request => server.upgrade(request, { user }),
})
process.on('SIGTERM', async () => {
  await served.stop()
  await server.stop()
  await good.close()
})
process.stdout.write(`the API server is ready after all: https://localhost:${served.port}\n`)
