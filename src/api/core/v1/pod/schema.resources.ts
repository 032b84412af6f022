import { list, resourceList, shape, string, type ValueOfShape } from '../../../machinery/schema.ts'

export const resourceClaim = shape(
  'io.k8s.api.core.v1.ResourceClaim',
  'Uses a claim of the pod in a container.',
  {
    name: string(1).required().doc("Name of the claim in the pod's resourceClaims."),
    request: string(2).doc('One request of the claim; all if empty.'),
  },
)
export type ResourceClaim = ValueOfShape<typeof resourceClaim>

export const resourceRequirements = shape(
  'io.k8s.api.core.v1.ResourceRequirements',
  'What is asked for, and the most that may be used.',
  {
    limits: resourceList(1).doc('The most that may be used, by resource.'),
    requests: resourceList(2).doc(
      'What is surely needed, by resource; the scheduler sets it aside. The limits if absent.',
    ),
    claims: list(3, resourceClaim)
      .listMap('name')
      .doc('Claims of the pod that the container uses.'),
  },
)
export type ResourceRequirements = ValueOfShape<typeof resourceRequirements>

export const podResourceClaim = shape(
  'io.k8s.api.core.v1.PodResourceClaim',
  "A claim that a pod's containers may use.",
  {
    name: string(1).required().doc('Name of the claim inside the pod.'),
    resourceClaimName: string(3).optional().doc('A claim that exists.'),
    resourceClaimTemplateName: string(4)
      .optional()
      .doc('A template from which a claim is made for the pod.'),
  },
)
export type PodResourceClaim = ValueOfShape<typeof podResourceClaim>

export const podSchedulingGroup = shape(
  'io.k8s.api.core.v1.PodSchedulingGroup',
  'The group that a pod is scheduled with.',
  {
    podGroupName: string(1).optional().doc('Name of the pod group.'),
  },
  { union: { members: ['podGroupName'] } },
)
export type PodSchedulingGroup = ValueOfShape<typeof podSchedulingGroup>
