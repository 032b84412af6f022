/**
 * A whole cluster in memory, brought back to where it was. The store tells every difference as ordinary changes, so
 * watches, caches and allocators follow as they always do. Who remembers more than the API shows starts anew, as everybody
 * should after a restored backup: controllers, the scheduler, and the kubelets of nodes on which something differs.
 */
import { node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { prefixOf } from '#apiserver/storage/keys.ts'
import { UserError } from '#base/errors.ts'
import type { Running } from '#client/role.ts'
import type { Difference, MemoryStore, StoreSnapshot } from '#store/memory/memory-store.ts'
import type { Origin } from './foundation.ts'
import type { RunningHollowNode } from './hollow-nodes.ts'
import type { InProcessRoles } from './in-process-roles.ts'

/** A state of one cluster, kept as what changed since. */
export type ClusterSnapshot = StoreSnapshot

export class ClusterSnapshots implements Running {
  readonly #store: MemoryStore | undefined
  readonly #roles: InProcessRoles
  #resetting: Promise<void> = Promise.resolve()
  #isOver = false

  /** Without a store in memory there are none. */
  constructor(store: MemoryStore | undefined, roles: InProcessRoles) {
    this.#store = store
    this.#roles = roles
  }

  take(): ClusterSnapshot {
    return this.#storeOrThrow().snapshot()
  }

  /** What another cluster may begin with. */
  origin(from: ClusterSnapshot = this.take()): Pick<Origin, 'memory' | 'snapshot'> {
    return { memory: this.#storeOrThrow(), snapshot: from }
  }

  /** One after the other. */
  reset(to: ClusterSnapshot): Promise<void> {
    const store = this.#storeOrThrow()
    const done = this.#resetting.then(() => this.#reset(store, to))
    this.#resetting = done.catch(() => {})
    return done
  }

  /** Allows no further reset; resolves when none is under way. */
  stop(): Promise<void> {
    this.#isOver = true
    return this.#resetting
  }

  #storeOrThrow(): MemoryStore {
    if (this.#store) return this.#store
    throw new UserError(
      'only a cluster in memory has snapshots: without dataDirectory or etcd, or with keepsInMemory',
    )
  }

  async #reset(store: MemoryStore, to: ClusterSnapshot): Promise<void> {
    if (this.#isOver) throw new UserError('the cluster was stopped')
    const paused = new Set<RunningHollowNode>()
    const forgottenPods = new Set<string>()
    await this.#roles.stopControl()
    try {
      for (;;) {
        const touched = touchedBy(store.differences(to))
        const running = this.#roles.hollowNodes.filter(
          each => touched.nodes.has(each.name) && !paused.has(each),
        )
        if (running.length === 0) break
        await Promise.all(running.map(each => each.pause()))
        for (const each of running) paused.add(each)
      }
      // In the turn of the last look, so that nothing can come between.
      for (const uid of touchedBy(store.reset(to)).pods) forgottenPods.add(uid)
    } finally {
      await Promise.all([...paused].map(each => each.resume(forgottenPods)))
      await this.#roles.startControl()
    }
  }
}

const PODS = prefixOf(pod)
const NODES = prefixOf(node)

/** Names of nodes whose kubelets know something else, and UIDs of the pods about which they do. */
function touchedBy(differences: readonly Difference[]) {
  const nodes = new Set<string>()
  const pods = new Set<string>()
  for (const { key, now, then } of differences) {
    // A kubelet registers its node at its start only.
    if (key.startsWith(NODES) && !(now && then)) nodes.add(key.slice(NODES.length))
    if (!key.startsWith(PODS)) continue
    for (const entry of [now, then]) {
      if (!entry) continue
      const { metadata, spec } = JSON.parse(decoder.decode(entry.value)) as StoredPod
      pods.add(metadata.uid)
      if (spec.nodeName) nodes.add(spec.nodeName)
    }
  }
  return { nodes, pods }
}

interface StoredPod {
  readonly metadata: { readonly uid: string }
  readonly spec: { readonly nodeName?: string }
}

const decoder = new TextDecoder()
