/** Collects what nobody owns any more, and makes deletes wait for, or let go of, their dependents. */
import { type AnyKind, storedOnce } from '#api/machinery/kind.ts'
import type { KubernetesObject, OwnerReference } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { Informer } from '#client/informer.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { createGraph } from './garbage-collector.graph.ts'
import { isInForeground, type OwnerState, reconcile } from './garbage-collector.reconcile.ts'

/** Kinds that neither own nor are worth collecting by owner; events alone would be most of the graph. */
const IGNORED = new Set(['Event'])
/** An owner that cannot be asked for is asked for again after so long. */
const UNKNOWN_OWNER_RETRY_MS = 30_000

export function garbageCollectorController(context: ControllerContext): Controller {
  const graph = createGraph()
  // Custom ones come and go; they are followed apart.
  const custom = context.customKinds.list()
  const collected = storedOnce(context.kinds())
    .filter(isCollected)
    .filter(kind => !custom.includes(kind))
  const views = collected.map(kind => ({
    kind,
    informer: context.informers.for(kind) as Informer<KubernetesObject>,
  }))
  const askServer = async (
    owner: OwnerReference,
    namespace: string | undefined,
  ): Promise<OwnerState> => {
    const group = owner.apiVersion.includes('/') ? owner.apiVersion.split('/')[0] : ''
    const all = [...context.kinds(), ...context.remoteKinds.list()]
    const kind = all.find(found => found.group === group && found.kind === owner.kind)
    if (!kind?.verbs.includes('get')) return 'unknown'
    // A cluster-scoped object cannot be owned from within a namespace; nobody can tell which one is meant.
    if (kind.scope === 'Namespaced' && !namespace) return 'unknown'
    try {
      const live: KubernetesObject = await context.client.get(
        kind,
        owner.name,
        kind.scope === 'Namespaced' ? namespace : undefined,
      )
      return live.metadata.uid === owner.uid ? stateOf(live) : 'absent'
    } catch (error) {
      if (isStatus(error, 'NotFound')) return 'absent'
      throw error
    }
  }

  return {
    name: 'garbage-collector-controller',
    workers: 20,
    views,
    wake(queue) {
      for (const { kind, informer } of views)
        queue.onStop(graph.follow(kind, informer, uid => queue.add(uid)))
      const ends = new Map<AnyKind, () => void>()
      const follow = (kind: AnyKind) => {
        const informer = context.informers.for(kind) as Informer<KubernetesObject>
        ends.set(
          kind,
          graph.follow(kind, informer, uid => queue.add(uid)),
        )
      }
      const listener = {
        added(kind: AnyKind) {
          if (isCollected(kind)) follow(kind)
        },
        removed(kind: AnyKind) {
          ends.get(kind)?.()
          ends.delete(kind)
          graph.forget(kind, uid => queue.add(uid))
        },
      }
      queue.onStop(context.customKinds.subscribe(listener))
      queue.onStop(context.remoteKinds.subscribe(listener))
      queue.onStop(() => {
        for (const end of ends.values()) end()
      })
    },
    async reconcile(uid) {
      const node = graph.get(uid)
      if (!node) return { writes: [] }
      const { namespace } = node.object.metadata
      let unknown = false
      const outcome = await reconcile({
        node,
        dependents: () => graph.dependentsOf(uid),
        ownerState: async owner => {
          const known = graph.get(owner.uid)
          if (known && isNamed(known.kind, known.object, owner, namespace))
            return stateOf(known.object)
          const state = await askServer(owner, namespace)
          unknown ||= state === 'unknown'
          return state
        },
      })
      return unknown ? { ...outcome, againAfterMs: UNKNOWN_OWNER_RETRY_MS } : outcome
    },
  }
}

function isCollected(kind: AnyKind): boolean {
  const verbs = ['list', 'watch', 'delete'] as const
  return (
    !kind.ephemeral && !IGNORED.has(kind.kind) && verbs.every(verb => kind.verbs.includes(verb))
  )
}

/** An owner is meant by its name and place too: the same UID elsewhere is a forged reference. */
function isNamed(
  kind: AnyKind,
  object: KubernetesObject,
  owner: OwnerReference,
  namespace: string | undefined,
): boolean {
  const { name, namespace: place } = object.metadata
  return kind.kind === owner.kind && name === owner.name && (!place || place === namespace)
}

function stateOf({ metadata }: KubernetesObject): OwnerState {
  return isInForeground(metadata) ? 'deleting' : 'present'
}
