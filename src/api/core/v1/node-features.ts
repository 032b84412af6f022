/** Features that a node has to declare in `status.declaredFeatures` before pods that need them may run there, by upstream's names. */
import type { Node } from './node.ts'
import type { PodSpec } from './pod/pod.ts'
import { couldRestartAll } from './pod/restart-all.ts'

const RESTART_ALL_CONTAINERS = 'RestartAllContainersOnContainerExits'

/** What our own kubelet declares; sorted. */
export const DECLARED_FEATURES: readonly string[] = [
  'InPlacePodLevelResourcesVerticalScaling',
  RESTART_ALL_CONTAINERS,
]

/** What running the pod takes of its node, beyond what every node can do; sorted. */
export function neededFeatures(spec: PodSpec): readonly string[] {
  return couldRestartAll(spec) ? [RESTART_ALL_CONTAINERS] : NONE
}
const NONE: readonly string[] = []

/** Those of the needed features that the node does not declare. */
export function undeclaredFeatures(
  needed: readonly string[],
  { status }: Pick<Node, 'status'>,
): readonly string[] {
  const declared = status.declaredFeatures ?? []
  return needed.filter(feature => !declared.includes(feature))
}
