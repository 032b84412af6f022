/** How many containers ended, and how, under upstream's name. */
import type { FigureBook } from '#base/figures.ts'
import { POD_UID } from '../labels.ts'
import { type ContainerKind, findContainer, type Pod } from '../pod-types.ts'
import type { ContainerStatus } from '../runtime.ts'

export const CONTAINER_TYPES: Readonly<Record<ContainerKind, string>> = {
  init: 'init_container',
  sidecar: 'init_container',
  regular: 'container',
  ephemeral: 'ephemeral_container',
}

export function countEnds(
  figures: FigureBook,
  podOf: (uid: string) => Pod | undefined,
): (status: ContainerStatus) => void {
  const counter = figures.counter(
    'kubelet_terminated_containers_total',
    'Cumulative number of containers that ended, by their type, exit code and reason',
    ['container_type', 'exit_code', 'reason'],
  )
  return ({ name, labels, exitCode, reason }) => {
    const pod = podOf(labels[POD_UID] ?? '')
    const kind = (pod && findContainer(pod, name)?.kind) ?? 'regular'
    counter.add([
      CONTAINER_TYPES[kind],
      String(exitCode),
      reason || (exitCode === 0 ? 'Completed' : 'Error'),
    ])
  }
}
