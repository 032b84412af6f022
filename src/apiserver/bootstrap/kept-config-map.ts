/** A ConfigMap of kube-system that the server itself keeps as it should be, whatever others do to it. */
import type { ConfigMap } from '#api/core/v1/config-map.ts'
import { messageOf } from '#base/errors.ts'
import type { ServerContext } from '../server-context.ts'
import { settleAfterChanges } from './settling.ts'
import { Writer } from './writer.ts'

const NAMESPACE = 'kube-system'
/** Nobody waits for it at a start. */
const SETTLE_MS = 200
const RETRY_MS = 1_000

export interface KeptConfigMap {
  readonly name: string
  /** What it should hold instead of `present`; undefined where it is right; a number looks again after so many milliseconds. */
  readonly dataFor: (present: ConfigMap | undefined) => Record<string, string> | number | undefined
}

/** Begins a moment later; the returned function ends it, and is over when the last write is. */
export function keepConfigMap(
  server: ServerContext,
  { name, dataFor }: KeptConfigMap,
): () => Promise<void> {
  const cache = server.registry.find('', 'v1', 'configmaps')?.storage?.cache
  if (!cache) return async () => {}
  const { clock, log } = server
  const writer = new Writer(server)
  const write = async () => {
    const present = cache.get(NAMESPACE, name)?.object as ConfigMap | undefined
    const data = dataFor(present)
    if (data === undefined || typeof data === 'number') return data
    const metadata = present?.metadata ?? { namespace: NAMESPACE, name }
    const object = { ...present, apiVersion: 'v1', kind: 'ConfigMap', metadata, data }
    await writer.put('', 'configmaps', object as ConfigMap)
    return undefined
  }
  return settleAfterChanges({
    clock,
    caches: [cache],
    filter: { namespace: NAMESPACE, name },
    delayMs: SETTLE_MS,
    settle: () =>
      write().catch((error: unknown) => {
        log.warn(`${name} could not be written`, { error: messageOf(error) })
        return RETRY_MS
      }),
  })
}
