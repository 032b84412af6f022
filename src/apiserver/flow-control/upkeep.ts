/**
 * Keeps what flow control needs in the cluster: the objects that must be, those that this server suggests as long as nobody took them
 * over, and what each schema says of the level it leads to.
 */
import type { FlowSchema } from '#api/flowcontrol/v1/flow-schema.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import { rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { settleAfterChanges } from '../bootstrap/settling.ts'
import { Writer } from '../bootstrap/writer.ts'
import { isEqual } from '../resources/equal.ts'
import type { ServerContext } from '../server-context.ts'
import type { ResourceCache } from '../watch-cache/resource-cache.ts'
import { FLOW_CONTROL, FLOW_SCHEMAS, PRIORITY_LEVELS } from './objects.ts'
import { AUTO_UPDATE, flowSchemas, priorityLevels } from './suggestions.ts'

/** Nobody waits for it, and a start has other work. */
const SETTLE_MS = 1_000
const RETRY_MS = 10_000
/** Who owns the objects, and who what is said of them. Names are upstream's. */
const PRODUCER = 'api-priority-and-fairness-config-producer-v1'
const CONSUMER = 'api-priority-and-fairness-config-consumer-v1'

/** Writes what is missing or was changed. What an administrator took over by the annotation stays as it is. */
export async function ensureFlowControl(server: ServerContext): Promise<void> {
  const writer = new Writer(server, PRODUCER)
  const keep = async (plural: string, object: KubernetesObject & { spec: object }) => {
    const stored = await writer.stored(FLOW_CONTROL, plural, object)
    if (!stored) return writer.ensure(FLOW_CONTROL, plural, object)
    const { metadata, spec } = stored as typeof object
    if (metadata.annotations?.[AUTO_UPDATE] !== 'true' || isEqual(spec, object.spec)) return
    await writer.put(FLOW_CONTROL, plural, { ...object, metadata })
  }
  await Promise.all([
    ...flowSchemas().map(each => keep(FLOW_SCHEMAS, each)),
    ...priorityLevels().map(each => keep(PRIORITY_LEVELS, each)),
  ])
}

function cachesOf({ registry }: ServerContext) {
  const cacheOf = (plural: string) => registry.find(FLOW_CONTROL, 'v1', plural)?.storage?.cache
  return { schemas: cacheOf(FLOW_SCHEMAS), levels: cacheOf(PRIORITY_LEVELS) }
}

/** Also of what schemas say of their levels. Begins a moment later; the returned function ends it, and is over when the last write is. */
export function keepFlowControl(server: ServerContext): () => Promise<void> {
  const { schemas, levels } = cachesOf(server)
  if (!schemas || !levels) return async () => {}
  return settleAfterChanges({
    clock: server.clock,
    caches: [schemas, levels],
    delayMs: SETTLE_MS,
    async settle() {
      try {
        await ensureFlowControl(server)
        await tellDangling(new Writer(server, CONSUMER), schemas, levels)
        return undefined
      } catch (error) {
        server.log.warn('flow control could not be kept up', { error: messageOf(error) })
        return RETRY_MS
      }
    },
  })
}

async function tellDangling(
  writer: Writer,
  schemas: ResourceCache,
  levels: ResourceCache,
): Promise<void> {
  const nowText = rfc3339(writer.server.clock.now())
  const all = schemas.list('').map(({ object }) => object as FlowSchema)
  const results = await Promise.allSettled(
    all.map(async schema => {
      const level = schema.spec.priorityLevelConfiguration.name
      const condition = danglingOf(level, levels.get('', level) !== undefined)
      const told = schema.status?.conditions?.find(({ type }) => type === condition.type)
      if (told && isEqual({ ...condition, lastTransitionTime: told.lastTransitionTime }, told))
        return
      const { name = '' } = schema.metadata
      await writer.applyStatus(FLOW_CONTROL, FLOW_SCHEMAS, {
        apiVersion: schema.apiVersion,
        kind: schema.kind,
        metadata: { name },
        status: { conditions: [{ ...condition, lastTransitionTime: nowText }] },
      } as KubernetesObject)
    }),
  )
  for (const result of results)
    if (result.status === 'rejected' && !isStatus(result.reason, 'Conflict')) throw result.reason
}

function danglingOf(level: string, isThere: boolean) {
  const reference = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)}`
  return isThere
    ? { type: 'Dangling', status: 'False', reason: 'Found', message: `${reference} and it exists` }
    : {
        type: 'Dangling',
        status: 'True',
        reason: 'NotFound',
        message: `${reference} but there is no such object`,
      }
}
