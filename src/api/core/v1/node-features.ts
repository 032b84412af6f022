/** Features that a node has to declare in `status.declaredFeatures` before pods that need them may run there, by upstream's names. */
import type { Node } from './node.ts'
import type { PodSpec } from './pod/pod.ts'
import { couldRestartAll } from './pod/restart-all.ts'
import { sameValue } from './validation.ts'

const RESTART_ALL_CONTAINERS = 'RestartAllContainersOnContainerExits'
const RESIZE_OF_WHOLE_PODS = 'InPlacePodLevelResourcesVerticalScaling'
/** Of those that end before the others begin. */
const RESIZE_OF_INIT_CONTAINERS = 'InPlacePodVerticalScalingInitContainers'

/** What our own kubelet declares; sorted. */
export const DECLARED_FEATURES: readonly string[] = [
  RESIZE_OF_WHOLE_PODS,
  RESIZE_OF_INIT_CONTAINERS,
  RESTART_ALL_CONTAINERS,
]

/** What running the pod takes of its node, beyond what every node can do; sorted. */
export function neededFeatures(spec: PodSpec): readonly string[] {
  return couldRestartAll(spec) ? [RESTART_ALL_CONTAINERS] : NONE
}

/** What it takes of the node on which a pod runs to give it what it asks for now, where amounts that mean the same are spelled the same; sorted. */
export function featuresNeededToResize(next: PodSpec, before: PodSpec): readonly string[] {
  const isEndingResized = next.initContainers?.some(
    ({ restartPolicy, resources }, index) =>
      restartPolicy !== 'Always' &&
      !sameValue(resources, before.initContainers?.[index]?.resources),
  )
  return [
    ...(sameValue(next.resources, before.resources) ? [] : [RESIZE_OF_WHOLE_PODS]),
    ...(isEndingResized ? [RESIZE_OF_INIT_CONTAINERS] : []),
  ]
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
