/**
 * Since when the use of tokens in Secrets is noted, and the notes themselves: a label with the day of the last use, written at most once a
 * day. Names and intervals are upstream's (kubernetes, pkg/controlplane/controller/legacytokentracking).
 */
import type { ConfigMap } from '#api/core/v1/config-map.ts'
import type { Secret } from '#api/core/v1/secret.ts'
import { messageOf } from '#base/errors.ts'
import type { ServerContext } from '../server-context.ts'
import { Writer } from './writer.ts'

const NAMESPACE = 'kube-system'
const NAME = 'kube-apiserver-legacy-service-account-token-tracking'
const SINCE = 'since'
const LAST_USED = 'kubernetes.io/legacy-token-last-used'
/** Servers of an older version would remove it again at once; so it is not made anew sooner than this. */
const CREATION_INTERVAL_MS = 30 * 60_000
/** Nobody waits for it at a start. */
const SETTLE_MS = 200
const RETRY_MS = 1_000
const DAY_MS = 86_400_000

/** `2026-05-01`, in UTC. */
const dayOf = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 10)
const isDay = (text: string | undefined) =>
  text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))

/** Begins a moment later; the returned function ends it, and is over when the last write is. */
export function keepTokenTracking(server: ServerContext): () => Promise<void> {
  const cache = server.registry.find('', 'v1', 'configmaps')?.storage?.cache
  if (!cache) return async () => {}
  const { clock, log } = server
  const writer = new Writer(server)
  let isOver = false
  let cancel: (() => void) | undefined
  let unfollow = () => {}
  let running: Promise<void> | undefined
  let createdAt: number | undefined
  const later = (delayMs: number) => {
    if (isOver) return
    cancel?.()
    cancel = clock.after(delayMs, () => {
      cancel = undefined
      running = settle().catch((error: unknown) => {
        log.warn(`${NAME} could not be written`, { error: messageOf(error) })
        later(RETRY_MS)
      })
    })
  }
  const settle = async () => {
    const present = cache.get(NAMESPACE, NAME)?.object as ConfigMap | undefined
    if (isDay(present?.data?.[SINCE])) return
    const waitMs =
      createdAt === undefined ? 0 : createdAt + CREATION_INTERVAL_MS - clock.monotonicMs()
    if (!present && waitMs > 0) return later(waitMs)
    const metadata = present?.metadata ?? { namespace: NAMESPACE, name: NAME }
    const data = { ...present?.data, [SINCE]: dayOf(clock.now()) }
    const object = { ...present, apiVersion: 'v1', kind: 'ConfigMap', metadata, data }
    if (present) await writer.put('', 'configmaps', object as ConfigMap)
    else await writer.ensure('', 'configmaps', object as ConfigMap)
    createdAt ??= clock.monotonicMs()
  }
  const follow = () => {
    if (isOver) return
    unfollow = cache.watchers.add({
      filter: { namespace: NAMESPACE, name: NAME },
      notify: () => later(SETTLE_MS),
      end: () => queueMicrotask(follow),
    })
    later(SETTLE_MS)
  }
  follow()
  return async () => {
    isOver = true
    cancel?.()
    unfollow()
    await running
  }
}

/** Notes a use today; a failure is told and nothing more, as the next use notes it anew. */
export function noteTokenUse(server: ServerContext, secret: Secret): void {
  const today = dayOf(server.clock.now())
  const noted = secret.metadata.labels?.[LAST_USED]
  // A server whose clock is ahead may have noted tomorrow.
  if (noted === today || noted === dayOf(server.clock.now() + DAY_MS)) return
  const { uid } = secret.metadata
  new Writer(server)
    .change('', 'secrets', secret, draft => {
      if (draft.metadata.uid !== uid) return
      draft.metadata.labels = { ...draft.metadata.labels, [LAST_USED]: today }
    })
    .catch((error: unknown) =>
      server.log.warn('the use of a token could not be noted', { error: messageOf(error) }),
    )
}
