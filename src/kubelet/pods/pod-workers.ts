/** One worker for each pod that the API wants here or the runtime still has. */
import { messageOf } from '#base/errors.ts'
import { count } from '../figures/count.ts'
import { POD_NAME, POD_NAMESPACE } from '../labels.ts'
import { objectsOf } from '../objects.ts'
import { type Pod, uidOf } from '../pod-types.ts'
import { sameJson } from '../status/status-writer.ts'
import { removeLeftovers } from './leftovers.ts'
import type { ObservedPod } from './observed-pod.ts'
import type { PodParts } from './pod-parts.ts'
import { PodWorker } from './pod-worker.ts'

export class PodWorkers {
  readonly #parts: PodParts
  readonly #byUid = new Map<string, PodWorker>()
  /** How many directories of former pods were removed, and how many not. */
  readonly leftovers = { removed: 0, failed: 0 }
  /** Until the API has told all its pods, an unknown container may belong to one. */
  #complete = false
  #halted = false

  constructor(parts: PodParts) {
    this.#parts = parts
  }

  changed(pod: Pod, previous: Pod | undefined): void {
    if (this.#halted) return
    if (previous && uidOf(previous) !== uidOf(pod)) this.deleted(previous)
    const worker = this.#byUid.get(uidOf(pod))
    if (!worker) {
      const fresh = new PodWorker(pod, this.#parts)
      this.#byUid.set(uidOf(pod), fresh)
      if (this.#complete) fresh.wake()
    } else if (this.#matters(pod, worker.asked)) worker.update(pod)
    else worker.see(pod)
  }

  /** A pod that the API need not know: it begins at once. */
  begin(pod: Pod): void {
    this.changed(pod, undefined)
    this.#byUid.get(uidOf(pod))?.wake()
  }

  #matters(next: Pod, known: Pod): boolean {
    const { statusWriter } = this.#parts
    return (
      statusWriter.hasForeignPhase(next, known) ||
      isAskedAnew(next, known) ||
      statusWriter.isOverwritten(next)
    )
  }

  deleted(pod: Pod): void {
    this.#byUid.get(uidOf(pod))?.remove(pod)
  }

  /** The first list is complete: whatever the runtime has beyond it belongs to nobody. */
  allKnown(): void {
    this.#complete = true
    const { cache, context } = this.#parts
    context.options.division?.releaseOthers(new Set([...this.#byUid.keys(), ...cache.uids()]))
    // What runs already takes its place first, and then who came first: none is admitted to a place that is taken.
    const workers = this.all().toSorted((a, b) => this.#rank(a).localeCompare(this.#rank(b)))
    for (const worker of workers) worker.wake()
    for (const uid of [...cache.uids()]) this.wake(uid)
    this.#parts.devices.keepOnly(uid => this.#byUid.has(uid))
    const { log } = context
    removeLeftovers({
      parts: this.#parts,
      known: () => new Set(this.#byUid.keys()),
      isHalted: () => this.#halted,
      counts: this.leftovers,
    }).catch(error =>
      log.warn('directories of former pods could not be removed', { error: messageOf(error) }),
    )
  }

  #rank({ uid, pod }: PodWorker): string {
    const { sandboxes } = this.#parts.cache.observe(uid)
    const runs = sandboxes.length > 0 || pod.status?.phase === 'Running'
    return `${runs ? 0 : 1} ${pod.metadata.creationTimestamp ?? ''} ${pod.metadata.name}`
  }

  wake(uid: string): void {
    if (this.#halted) return
    const worker = this.#byUid.get(uid)
    if (worker) worker.wake()
    else if (this.#complete) this.#killOrphan(uid)
  }

  /** The wall clock jumped, by which deadlines and tokens end, or the node has another address, which its pods tell as theirs. */
  lookAnew(): void {
    if (!this.#halted) for (const worker of this.#byUid.values()) worker.wake()
  }

  #killOrphan(uid: string): void {
    const observed = this.#parts.cache.observe(uid)
    if (observed.sandboxes.length + observed.containers.length === 0) return
    const worker = new PodWorker(orphanPod(observed), this.#parts)
    count(this.#parts.context, 'kubelet_orphaned_runtime_pods_total')
    this.#byUid.set(uid, worker)
    worker.remove()
  }

  get(uid: string): PodWorker | undefined {
    return this.#byUid.get(uid)
  }

  find(namespace: string, name: string): PodWorker | undefined {
    for (const worker of this.#byUid.values())
      if (
        worker.pod.metadata.name === name &&
        worker.pod.metadata.namespace === namespace &&
        !worker.removed
      )
        return worker
    return undefined
  }

  all(): readonly PodWorker[] {
    return [...this.#byUid.values()]
  }

  /** Those that count against the node's resources. */
  countedPods(): readonly Pod[] {
    const found: Pod[] = []
    for (const worker of this.#byUid.values()) if (worker.counts) found.push(worker.pod)
    return found
  }

  gone(worker: PodWorker): void {
    if (this.#byUid.get(worker.uid) === worker) this.#byUid.delete(worker.uid)
  }

  async halt(): Promise<void> {
    this.#halted = true
    await Promise.all(this.all().map(worker => worker.halt()))
  }

  /** Ends the watches on objects that the pods used. */
  release(): void {
    const { context } = this.#parts
    const objects = objectsOf(context)
    for (const { uid } of this.all())
      for (const use of ['env', 'volumes'])
        objects.release(`${context.options.nodeName}/${uid}/${use}`)
  }
}

/** Enough of a pod to end it: what the runtime's labels say. */
function orphanPod({ uid, name, namespace, sandboxes, containers }: ObservedPod): Pod {
  const labels = sandboxes[0]?.labels ?? containers[0]?.labels ?? {}
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      uid,
      name: name || labels[POD_NAME] || '',
      namespace: namespace || labels[POD_NAMESPACE] || '',
    },
    spec: { containers: [] },
  } as unknown as Pod
}

/** Something is wanted of the pod that was not wanted before. Our own status writes come back as changes; they ask for nothing. */
function isAskedAnew(next: Pod, known: Pod): boolean {
  const a = next.metadata
  const b = known.metadata
  return (
    a.deletionTimestamp !== b.deletionTimestamp ||
    a.deletionGracePeriodSeconds !== b.deletionGracePeriodSeconds ||
    !sameJson(next.spec, known.spec) ||
    !sameJson(a.labels, b.labels) ||
    !sameJson(a.annotations, b.annotations) ||
    !sameJson(gates(next), gates(known))
  )
}

const gates = (pod: Pod) =>
  pod.spec?.readinessGates?.map(
    ({ conditionType }) =>
      pod.status?.conditions?.find(({ type }) => type === conditionType)?.status ?? '',
  )
