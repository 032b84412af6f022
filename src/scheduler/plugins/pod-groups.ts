/** Groups of pods that are scheduled as one, and who belongs to them. */
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { type PodGroup, podGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import type { Informer } from '#client/informer.ts'
import type { Handle } from '../framework/handle.ts'
import type { NodeInfo } from '../state/node-info.ts'
import { type PodInfo, podInfoOf } from '../state/pod-info.ts'

const BY_GROUP = 'schedulingGroup'

/** `namespace/name` of the pod's group. */
export function groupKeyOf({ metadata, spec }: Pod): string | undefined {
  const name = spec.schedulingGroup?.podGroupName
  return name ? `${metadata.namespace}/${name}` : undefined
}

/** Whether the pod counts no more, as it is finished or on its way out. */
export const isLeaving = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp !== undefined ||
  status.phase === 'Succeeded' ||
  status.phase === 'Failed'

/** So many members have to have a node before any of them may run. */
export const neededOf = ({ spec }: PodGroup): number => spec.schedulingPolicy.gang?.minCount ?? 1

export class PodGroups {
  readonly #groups: Informer<PodGroup>
  readonly #pods: Informer<Pod>
  readonly #snapshot: Handle['snapshot']

  constructor({ informers, snapshot }: Pick<Handle, 'informers' | 'snapshot'>) {
    this.#snapshot = snapshot
    this.#groups = informers.for(podGroup)
    this.#pods = informers.for(podKind)
    this.#pods.addIndex(BY_GROUP, pod => {
      const key = groupKeyOf(pod)
      return key === undefined ? [] : [key]
    })
  }

  get(key: string): PodGroup | undefined {
    return this.#groups.get(key)
  }

  of(pod: Pod): PodGroup | undefined {
    const key = groupKeyOf(pod)
    return key === undefined ? undefined : this.#groups.get(key)
  }

  members(key: string): Pod[] {
    return this.#pods.by(BY_GROUP, key).filter(pod => !isLeaving(pod))
  }

  placed(key: string): { pod: Pod; node: NodeInfo }[] {
    return this.members(key).flatMap(pod => {
      const node = this.#snapshot.placeOf(pod.metadata.uid ?? '')
      return node ? [{ pod, node }] : []
    })
  }

  /** Those that look for a node, in the order in which they are tried: the important first, then the old. */
  unplaced(key: string): PodInfo[] {
    return this.members(key)
      .filter(({ metadata }) => !this.#snapshot.placeOf(metadata.uid ?? ''))
      .filter(({ spec }) => (spec.schedulingGates ?? []).length === 0)
      .map(podInfoOf)
      .sort((a, b) => b.priority - a.priority || ageOrder(a.pod, b.pod))
  }
}

function ageOrder({ metadata: a }: Pod, { metadata: b }: Pod): number {
  const [made, other] = [a.creationTimestamp ?? '', b.creationTimestamp ?? '']
  if (made !== other) return made < other ? -1 : 1
  return (a.name ?? '') < (b.name ?? '') ? -1 : 1
}
