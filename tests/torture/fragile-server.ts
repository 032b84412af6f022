/**
 * An API server over SQLite at what is hard for it, to be killed by its parent. Arguments: data directory, and `compacting` (its history is
 * short, and forgotten all the time), `jumping` (its wall clock is set by hours all the time) or `plain` (nothing is the matter). Whoever asks is the administrator.
 */
import { kinds } from '#api/kinds.ts'
import { createApiServer } from '#apiserver'
import type { Clock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import type { Store } from '#store'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'
import { jumpyClock } from '../../src/base/testing/jumpy-clock.ts'
import { serve } from '../../src/client/testing/serving.ts'

const HISTORY_EVENTS = 150
/** Further behind than any watch that follows. */
const KEPT_REVISIONS = 60
const EVERY_MS = 10
const HOUR_MS = 3_600_000

const [directory = '', kind = ''] = process.argv.slice(2)
const jumpy = jumpyClock(systemClock)
const clock: Clock = jumpy
const log = silentLog
const history = kind === 'compacting' ? { events: HISTORY_EVENTS } : {}
const store: Store = await openSqliteStore({ directory, clock, log, history })
const server = createApiServer({ store, kinds, clock, random: systemRandom, log })
await server.ready()
const user = { name: 'admin', groups: ['system:masters'] }
const served = await serve(request => server.handle(request, { user }), {
  upgrade: request => server.upgrade(request, { user }),
})
const disturbing = setInterval(() => {
  if (kind === 'jumping') jumpy.jump((systemRandom.integer(11) - 5) * HOUR_MS)
  else if (kind === 'compacting')
    store.compact(Math.max(0, store.revision - KEPT_REVISIONS)).catch(() => {})
}, EVERY_MS)
process.on('SIGTERM', async () => {
  clearInterval(disturbing)
  await served.stop()
  await server.stop()
  await store.close()
})
process.stdout.write(`fragile is ready after all: https://localhost:${served.port}\n`)
