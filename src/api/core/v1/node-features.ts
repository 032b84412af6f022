/** Features that a node has to declare in `status.declaredFeatures` before pods that need them may run there, by upstream's names. */
import type { Node } from './node.ts'
import type { PodSpec } from './pod/pod.ts'

const RESTART_ALL_CONTAINERS = 'RestartAllContainersOnContainerExits'

/** What running the pod takes of its node, beyond what every node can do; sorted. */
export function neededFeatures({ containers, initContainers = [] }: PodSpec): readonly string[] {
  const restartsAll = [...containers, ...initContainers].some(({ restartPolicyRules }) =>
    restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers'),
  )
  return restartsAll ? [RESTART_ALL_CONTAINERS] : NONE
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
