/**
 * Since when the use of tokens in Secrets is noted, and the notes themselves: a label with the day of the last use, written at most once a
 * day. Names and intervals are upstream's (kubernetes, pkg/controlplane/controller/legacytokentracking).
 */
import type { Secret } from '#api/core/v1/secret.ts'
import { messageOf } from '#base/errors.ts'
import type { ServerContext } from '../server-context.ts'
import { keepConfigMap } from './kept-config-map.ts'
import { Writer } from './writer.ts'

const NAME = 'kube-apiserver-legacy-service-account-token-tracking'
const SINCE = 'since'
const LAST_USED = 'kubernetes.io/legacy-token-last-used'
/** Servers of an older version would remove it again at once; so it is not made anew sooner than this. */
const CREATION_INTERVAL_MS = 30 * 60_000
const DAY_MS = 86_400_000

/** `2026-05-01`, in UTC. */
const dayOf = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 10)
const isDay = (text: string | undefined) =>
  text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))

/** Begins a moment later; the returned function ends it, and is over when the last write is. */
export function keepTokenTracking(server: ServerContext): () => Promise<void> {
  const { clock } = server
  let seenMs: number | undefined
  return keepConfigMap(server, {
    name: NAME,
    dataFor(present) {
      if (present) seenMs ??= clock.monotonicMs()
      if (isDay(present?.data?.[SINCE])) return undefined
      const waitMs =
        present || seenMs === undefined ? 0 : seenMs + CREATION_INTERVAL_MS - clock.monotonicMs()
      return waitMs > 0 ? waitMs : { ...present?.data, [SINCE]: dayOf(clock.now()) }
    },
  })
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
